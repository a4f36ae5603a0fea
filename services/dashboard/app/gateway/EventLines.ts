/** One event of a stream of Server-Sent Events. */
export interface Line {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

const fieldOf = (line: string): readonly [name: string, value: string] => {
  const colon = line.indexOf(":")
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
}

/** Takes bytes as they come, in pieces of any size, and gives whole events; those without data tell an id alone. */
export const reader = () => {
  const decoder = new TextDecoder()
  let rest = ""
  return (bytes: Uint8Array): ReadonlyArray<Line> => {
    rest += decoder.decode(bytes, { stream: true })
    const blocks = rest.split("\n\n")
    rest = blocks.pop() ?? ""
    return blocks.map((block) => {
      const fields = block.split("\n").map(fieldOf)
      const of = (name: string) => fields.filter(([one]) => one === name).map(([, value]) => value)
      return { id: of("id").at(-1), event: of("event").at(-1) ?? "message", data: of("data").join("\n") }
    })
  }
}
