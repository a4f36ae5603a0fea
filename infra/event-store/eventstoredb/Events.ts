import type { AllStreamResolvedEvent, JSONEventData, ResolvedEvent } from "@eventstore/db-client"
import { Schema } from "effect"
import { EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { JsonObject } from "#domain/Json.ts"
import { Metadata, type NewEvent, type RecordedEvent } from "#domain/Recorded.ts"
import { canonical } from "../Canonical.ts"

/**
 * The most bytes of data in one append, metadata not counted: EventStoreDB's `MaxAppendSize` when nothing is configured.
 * https://developers.eventstore.com/server/v24.2/configuration
 */
export const appendLimit = 1_048_576

export const isStreamId = Schema.is(StreamId)
const isEventId = Schema.is(EventId)
const isMetadata = Schema.is(Metadata)

/**
 * Throws on what must never leave the process: JSON that says nothing, ids and types the server would choke on, more than
 * it takes. All of these are defects of the caller.
 */
export const encode = (events: ReadonlyArray<NewEvent>): Array<JSONEventData> => {
  let size = 0
  const encoded = events.map(({ data, eventId, metadata, type }): JSONEventData => {
    if (!isEventId(eventId)) throw new TypeError("an event's id is not a UUID")
    if (type === "") throw new TypeError("an event has no type")
    const text = canonical(data)
    size += Buffer.byteLength(text)
    return {
      id: eventId,
      type,
      contentType: "application/json",
      data: asWritten(text),
      metadata: new TextEncoder().encode(canonical(metadata))
    }
  })
  if (size > appendLimit) throw new RangeError(`an append of ${size} bytes: EventStoreDB takes ${appendLimit}`)
  return encoded
}

/** The library stringifies what it is given: this is what it has to be given for `text` to come out. */
const asWritten = (text: string): Record<string, unknown> => {
  const value = JSON.parse(text)
  return /"\d+":/.test(text) ? inOrder(value) : value
}

/** Objects put names that look like numbers first, whatever their order; canonical JSON does not. */
const inOrder = <A>(value: A): A => {
  if (typeof value !== "object" || value === null) return value
  for (const [name, member] of Object.entries(value)) {
    Object.defineProperty(value, name, { value: inOrder(member), enumerable: true, configurable: true, writable: true })
  }
  return Array.isArray(value) ? value : new Proxy(value, { ownKeys: (target) => Object.keys(target).sort() })
}

/** Throws on what is not an event of ours: somebody else writes to our streams, which is not to be passed over. */
export const decode = ({ event }: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent => {
  if (event?.position === undefined) throw new TypeError("an event without a position")
  const { created, data, id, metadata, position, revision, streamId, type } = event
  if (!isStreamId(streamId) || !isEventId(id) || !isMetadata(metadata) || !isObject(data)) {
    throw new TypeError(`the event at position ${position.commit} was not written by Homing`)
  }
  return {
    eventId: id,
    type,
    data,
    metadata,
    stream: streamId,
    revision: Number(revision),
    position: position.commit,
    recordedAt: fromMillis(created.getTime())
  }
}

const isObject = (data: unknown): data is JsonObject =>
  typeof data === "object" && data !== null && !Array.isArray(data)
