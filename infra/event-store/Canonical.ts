import canonicalize from "canonicalize"
import type { Json, JsonObject } from "#domain/Json.ts"
import { orderedJson } from "#domain/OrderedJson.ts"

/** RFC 8785 JSON. Throws on what JSON cannot say. */
export const canonical = (value: Json | JsonObject): string => {
  const text = orderedJson(value) ?? canonicalize(value)
  if (text === undefined) throw new TypeError("not a JSON value")
  return text
}
