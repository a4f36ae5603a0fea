import { createReadStream } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { type Line, lineIn } from "#domain/archive/Lines.ts"
import { type End, type Flaw, type Read, reading } from "#domain/archive/Reading.ts"
import { linesIn } from "#domain/archive/Split.ts"
import type { Place } from "#domain/ports/Archive.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"

/** The files of an archive: numbered one after the other, each of a day. */
export interface Segment {
  readonly file: string
  readonly number: number
  readonly day: string
}

const written = /^(\d{8})-(\d{4}-\d{2}-\d{2})\.ndjson$/

export const segmentIn = (folder: string, number: number, day: string): Segment => ({
  file: join(folder, `${String(number).padStart(8, "0")}-${day}.ndjson`),
  number,
  day
})

/** In their order. */
export const segmentsIn = async (folder: string): Promise<ReadonlyArray<Segment>> =>
  (await readdir(folder))
    .flatMap((name) => {
      const found = written.exec(name)
      return found === null ? [] : segmentIn(folder, Number(found[1]), found[2]!)
    })
    .toSorted((one, other) => one.number - other.number)

/** What is no line, and where. */
export class SegmentDamaged extends Error {
  override readonly name = "SegmentDamaged"
  constructor(file: string, line: number, flaw: Flaw) {
    super(
      `${file} is not what was written, from line ${line} on (${flaw}). Look who changed it; keep it, and move all files ` +
        "of the archive to another folder: a new one is begun, and what is still here is archived again"
    )
  }
}

export const placeOf = (line: Line): Place | undefined =>
  line.kind === "request" || line.kind === "routed" ? { position: BigInt(line.position), event: line.event } : undefined

const linesOf = (file: string) => linesIn(createReadStream(file, { encoding: "utf8" }) as AsyncIterable<string>)

export interface Examined {
  /** `undefined`: not even its first line is there. */
  readonly read: Read | undefined
  readonly newest: Place | undefined
  /** Up to the end of its last whole line. */
  readonly bytes: number
  /** Something of a line is behind that: it was never said to be there. */
  readonly isTorn: boolean
}

/**
 * Reads a file through. A last line without an end, or that a disk gave back as nothing but zeros, was being written when
 * the process ended; anything else that is no line is damage.
 */
export const examine = async (
  crypto: Pick<Crypto["Service"], "sha256">,
  { file }: Segment,
  before: End | undefined
): Promise<Examined> => {
  const reader = reading(crypto, before)
  let [bytes, lines] = [0, 0]
  let newest: Place | undefined
  let torn: { readonly line: number; readonly flaw: Flaw } | undefined
  for await (const { isWhole, text } of linesOf(file)) {
    if (torn !== undefined) throw new SegmentDamaged(file, torn.line, torn.flaw)
    lines++
    const isNothing = !isWhole || text.includes("\0")
    const line = isNothing ? "unreadable" : reader.take(text)
    if (typeof line === "string") {
      if (!isNothing) throw new SegmentDamaged(file, lines, line)
      torn = { line: lines, flaw: line }
      continue
    }
    bytes += Buffer.byteLength(text) + 1
    newest = placeOf(line) ?? newest
  }
  return { read: reader.soFar(), newest, bytes, isTorn: torn !== undefined }
}

/** Of which events it has lines, the newest first. */
export const placesIn = async ({ file }: Segment): Promise<ReadonlyArray<Place>> => {
  const found: Array<Place> = []
  for await (const { text } of linesOf(file)) {
    const line = lineIn(text)
    const place = line && placeOf(line)
    if (place !== undefined) found.push(place)
  }
  return found.toReversed()
}
