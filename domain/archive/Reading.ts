import type { Crypto } from "../ports/Crypto.ts"
import { beginning, linkIn } from "./Chain.ts"
import { type Line, lineIn } from "./Lines.ts"

/** What is wrong with a line, or with where it stands. */
export type Flaw =
  /** No line of an archive. */
  | "unreadable"
  /** Not what was written behind the line before: one of both was changed, or what stood between is missing. */
  | "broken_link"
  /** The file begins with something else than its beginning, or has another one in its midst. */
  | "misplaced"
  /** It does not go on where the file before ends. */
  | "other_segment"
  /** The file says that there are more, or fewer. */
  | "miscounted"
  /** After its end. */
  | "after_the_end"

/** How far a file was read. */
export interface Read {
  readonly segment: number
  readonly day: string
  readonly lines: number
  readonly requests: number
  readonly routed: number
  readonly isClosed: boolean
  /** Of its last line. */
  readonly link: string
}

/** Where a file ends that another one goes on from. */
export type End = Pick<Read, "segment" | "link">
export const nothingBefore: End = { segment: 0, link: beginning }

/** Of a line that is `opened`: what the file says of itself. */
const begun = ({ day, previous, segment }: Extract<Line, { kind: "opened" }>) => ({
  segment,
  day,
  lines: 0,
  requests: 0,
  routed: 0,
  isClosed: false,
  link: previous
})

/**
 * Reads a file of an archive line by line. `before`: where the file before it ends, if that is known; without it the file
 * is believed where it says what it follows.
 */
export const reading = (crypto: Pick<Crypto["Service"], "sha256">, before?: End) => {
  let read: Read | undefined
  const first = (line: Line): Flaw | undefined => {
    if (line.kind !== "opened") return "misplaced"
    if (before !== undefined && (line.segment !== before.segment + 1 || line.previous !== before.link))
      return "other_segment"
    read = begun(line)
    return undefined
  }
  const flawOf = (line: Line, so: Read): Flaw | undefined => {
    if (so.isClosed) return "after_the_end"
    if (line.kind === "opened") return "misplaced"
    if (line.kind !== "closed") return undefined
    return line.segment === so.segment && line.lines === so.lines ? undefined : "miscounted"
  }
  return {
    /** `undefined` before its first line. */
    soFar: (): Read | undefined => read,
    /** What it says, or what is wrong with it: nothing behind that is worth reading. */
    take: (text: string): Line | Flaw => {
      const line = lineIn(text)
      if (line === undefined) return "unreadable"
      const isFirst = read === undefined
      const flaw = read === undefined ? first(line) : flawOf(line, read)
      if (flaw !== undefined) return flaw
      const so = read!
      const found = linkIn(crypto, so.link, text)
      if (found === undefined || !found.follows) return "broken_link"
      read = {
        ...so,
        lines: so.lines + Number(!isFirst && line.kind !== "closed"),
        requests: so.requests + Number(line.kind === "request"),
        routed: so.routed + Number(line.kind === "routed"),
        isClosed: line.kind === "closed",
        link: found.link
      }
      return line
    }
  }
}
