import { base64url, fromBase64url } from "#domain/Bytes.ts"
import { UnreadableEvent } from "#domain/Events.ts"
import type { EventId, StreamId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { NewEvent, RecordedEvent } from "#domain/Recorded.ts"
import { canonical } from "../Canonical.ts"

/** An event and its canonical JSON. */
export interface EncodedEvent {
  readonly event: NewEvent
  readonly data: string
  readonly metadata: string
  /** What agents signed is most of an event, and a third longer as text: it stands beside the data, as the bytes it is. */
  readonly evidence: Uint8Array | null
}

export interface Row {
  readonly position: number
  readonly event_id: EventId
  readonly stream: StreamId
  readonly revision: number
  readonly type: string
  readonly data: string
  readonly metadata: string
  readonly recorded_at: Instant
  /** Null also in rows of before there was this column: then it is in the data. */
  readonly evidence: Uint8Array | null
}

/** Throws on what JSON cannot say: NaN, infinities, lone surrogates, cycles. */
export const encode = (event: NewEvent): EncodedEvent => {
  const { evidence: text, ...rest } = event.data
  const evidence = bytesOf(text)
  return {
    event,
    data: canonical(evidence === null ? event.data : rest),
    metadata: canonical(event.metadata),
    evidence
  }
}

/** None for what these bytes would not give back as it was. */
const bytesOf = (text: JsonObject[string]): Uint8Array | null => {
  if (typeof text !== "string") return null
  try {
    const bytes = fromBase64url(text)
    return base64url(bytes) === text ? bytes : null
  } catch {
    return null
  }
}

/** Throws `UnreadableEvent` on what is no JSON: the parser's own words would quote it. */
const parsed = ({ position, stream, type }: Row, text: string) => {
  try {
    return JSON.parse(text)
  } catch {
    throw new UnreadableEvent({ type, problem: "malformed data", stream, position: BigInt(position) })
  }
}

export const decode = (row: Row): RecordedEvent => {
  const data: JsonObject = parsed(row, row.data)
  return {
    eventId: row.event_id,
    type: row.type,
    data: row.evidence === null ? data : { ...data, evidence: base64url(row.evidence) },
    metadata: parsed(row, row.metadata),
    stream: row.stream,
    revision: row.revision,
    position: BigInt(row.position),
    recordedAt: row.recorded_at
  }
}
