import canonicalize from "canonicalize"
import { utf8 } from "#domain/Bytes.ts"
import type { Json, JsonObject } from "#domain/Json.ts"
import { orderedJson } from "#domain/OrderedJson.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/**
 * What a leaf of the audit tree is made of: RFC 8785 JSON of everything that is stored of an event but its position, which
 * is another in another store. What is sealed stays sealed, so erasure changes no leaf. This is for ever: another shape
 * would make every signed head untrue.
 */
export const entryText = ({ data, eventId, metadata, recordedAt, revision, stream, type }: RecordedEvent): string =>
  `{"data":${canonical(data)},"id":${JSON.stringify(eventId)},"metadata":${canonical(metadata as unknown as JsonObject)},` +
  `"recordedAt":${JSON.stringify(recordedAt)},"revision":${revision},"stream":${JSON.stringify(stream)},` +
  `"type":${JSON.stringify(type)},"v":1}`

export const entryOf = (event: RecordedEvent): Uint8Array => utf8(entryText(event))

const canonical = (value: Json | JsonObject): string => {
  const text = orderedJson(value) ?? canonicalize(value)
  if (text === undefined) throw new TypeError("not a JSON value")
  return text
}
