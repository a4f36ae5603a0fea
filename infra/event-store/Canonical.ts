import canonicalize from "canonicalize"
import type { Json, JsonObject } from "#domain/Json.ts"

const deepest = 16

/**
 * RFC 8785 JSON. What stands in order already, as events do when they are made, is what `JSON.stringify` writes, for a
 * tenth of the price; everything else is left to the library. Throws on what JSON cannot say.
 */
export const canonical = (value: Json | JsonObject): string => {
  if (isInOrder(value, 0)) {
    const text = JSON.stringify(value)
    if (!/\\ud[89a-f]/i.test(text)) return text // else perhaps a lone surrogate, which is not JSON
  }
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError("not a JSON value")
  return text
}

/** Plain JSON whose members are sorted by UTF-16 code units, all the way down. */
const isInOrder = (value: unknown, depth: number): boolean => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || depth === deepest) return false
  if (Array.isArray(value)) return value.every((item) => isInOrder(item, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let before = ""
  for (const key of Object.keys(value)) {
    if (key < before || !isInOrder((value as Record<string, unknown>)[key], depth + 1)) return false
    before = key
  }
  return true
}
