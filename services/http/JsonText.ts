import { fromUtf8 } from "#domain/Bytes.ts"
import { endOfString } from "./JsonMembers.ts"

export interface JsonText {
  readonly text: string
  readonly value: unknown
}

/** JSON in UTF-8, or what is wrong with it, in a sentence that repeats nothing of it. */
export const readJson = (bytes: Uint8Array): JsonText | string => {
  const text = textOf(bytes)
  if (text === undefined) return hasByteOrderMark16(bytes) ? wide : "The body is not in UTF-8."
  try {
    return { text, value: JSON.parse(text) }
  } catch (error) {
    return flawIn(text, error)
  }
}

const wide = "The body is in UTF-16 or UTF-32: it must be in UTF-8."
const byteOrderMark = "\uFEFF"

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return fromUtf8(bytes)
  } catch {
    return undefined
  }
}

const hasByteOrderMark16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

const flawIn = (text: string, error: unknown): string => {
  if (text.trim() === "") return "There is no body."
  if (text.startsWith(byteOrderMark)) return "The body begins with a byte order mark: leave it out."
  if (text.slice(0, 2).includes("\0")) return wide
  const control = controlIn(text)
  if (control !== undefined)
    return `A string holds a raw ${control.name}${placeIn(text, control.at)}: ${control.instead}`
  const at = positionIn(error)
  return at === undefined || at >= text.length
    ? `The body is not JSON${at === undefined ? "." : ": it ends too early."}`
    : `The body is not JSON${placeIn(text, at)}.`
}

const names: Readonly<Record<string, readonly [name: string, instead: string]>> = {
  "\n": ["line break", "it is written \\n."],
  "\r": ["line break", "it is written \\r\\n or \\n."],
  "\t": ["tab", "it is written \\t."]
}

/** The first character in a string that would have to be escaped. */
const controlIn = (text: string) => {
  for (let quote = text.indexOf('"'); quote >= 0; ) {
    const end = endOfString(text, quote)
    for (let at = quote + 1; at < (end < 0 ? text.length : end); at++) {
      if (text.charCodeAt(at) >= 0x20) continue
      const [name, instead] = names[text[at]!] ?? ["control character", "it is written \\u and four digits."]
      return { at, name, instead }
    }
    quote = end < 0 ? -1 : text.indexOf('"', end + 1)
  }
  return undefined
}

/** As the parser tells it. The rest of its message quotes the body. */
const positionIn = (error: unknown): number | undefined => {
  const message = error instanceof Error ? error.message : ""
  if (message === "Unexpected end of JSON input") return Number.POSITIVE_INFINITY
  const position = /at position (\d+)/.exec(message)?.[1]
  return position === undefined ? undefined : Number(position)
}

const placeIn = (text: string, at: number): string => {
  const before = text.slice(0, at).split("\n")
  return ` in line ${before.length}, column ${before.at(-1)!.length + 1}`
}
