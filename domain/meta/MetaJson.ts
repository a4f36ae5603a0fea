import { fromUtf8 } from "../Bytes.ts"
import type { Json, JsonObject } from "../Json.ts"

/** Meta nests a fifth of that; what is nested deeper than thousands nobody could write again. */
const deepest = 64

/** What the language has and its types do not know yet: a number as it was written. */
const exact = JSON as typeof JSON & {
  readonly rawJSON: (text: string) => object
  readonly isRawJSON: (value: unknown) => boolean
  readonly parse: (
    text: string,
    reviver: (key: string, value: unknown, written: { source?: string }) => unknown
  ) => unknown
}

/** A number that would not be written again as it came stays as it was written. */
const written = (_: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === "number" && source !== undefined && String(value) !== source ? exact.rawJSON(source) : value

/** Where a number may stand, and within a text, which is as good. Meta writes hardly any: without, the reviver would be most of the work. */
const number = /[:,[]\s*-?\d/

const isWithin = (value: unknown, depth: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (depth > 0 && Object.values(value).every((_) => isWithin(_, depth - 1)))

/**
 * A JSON object in UTF-8, so that `JSON.stringify` writes every member and every number of it as it came; `undefined` for
 * anything else, and for what is nested deeper than anybody means. Of a member that is given twice the last counts.
 */
export const readObject = (bytes: Uint8Array): JsonObject | undefined => {
  try {
    const text = fromUtf8(bytes)
    const value = (number.test(text) ? exact.parse(text, written) : JSON.parse(text)) as Json
    return isObject(value) && isWithin(value, deepest) ? value : undefined
  } catch {
    return undefined
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A number that stands as it was written. */
export const isNumber = (value: Json): boolean => exact.isRawJSON(value)

export const isList = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)

/** What is not there is an empty list, and so is what is none. */
export const listIn = (value: Json | undefined, name: string): ReadonlyArray<Json> => {
  const found = isObject(value) ? value[name] : undefined
  return isList(found) ? found : []
}

/** A text at the end of this path, or a number as text; nothing for what is empty, or anything else. */
export const textIn = (value: Json | undefined, ...path: ReadonlyArray<string>): string | undefined => {
  const found = path.reduce<Json | undefined>((within, name) => (isObject(within) ? within[name] : undefined), value)
  if (typeof found === "number") return String(found)
  return typeof found === "string" && found !== "" ? found : undefined
}

export const without = (value: JsonObject, isLeftOut: (name: string, value: Json | undefined) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name, member]) => !isLeftOut(name, member)))

const sorted = (value: Json | undefined): unknown => {
  if (isList(value)) return value.map(sorted)
  if (!isObject(value) || exact.isRawJSON(value)) return value
  const members = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const)
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** The same for the same value, in whichever order its members stand. For any: RFC 8785 has no text for half a character. */
export const sortedText = (value: Json): string => JSON.stringify(sorted(value))

/** A word of Meta's, if it reads like one: it may stand in events, where anything else may not. */
export const wordIn = (value: Json | undefined, ...path: ReadonlyArray<string>): string | undefined => {
  const found = textIn(value, ...path)
  return found !== undefined && /^[\w.:-]{1,64}$/.test(found) ? found : undefined
}
