/** Of a body of 4 MiB, every byte of it escaped. */
const longest = 32 * 1024 * 1024

/** A line without its break; the last may have none yet. */
export interface Piece {
  readonly text: string
  readonly isWhole: boolean
}

/** What comes piece by piece, line by line. What is longer than any line of an archive is none, and nothing follows it. */
export async function* linesIn(pieces: AsyncIterable<string>): AsyncGenerator<Piece> {
  let left = ""
  for await (const piece of pieces) {
    const lines = (left + piece).split("\n")
    left = lines.pop()!
    for (const text of lines) yield { text, isWhole: true }
    if (left.length <= longest) continue
    yield { text: "", isWhole: true }
    return
  }
  if (left !== "") yield { text: left, isWhole: false }
}
