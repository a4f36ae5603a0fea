import type { AllStreamResolvedEvent, Position, ResolvedEvent } from "@eventstore/db-client"
import { Schema } from "effect"
import { EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { JsonObject } from "#domain/Json.ts"
import { Metadata, type RecordedEvent } from "#domain/Recorded.ts"

export const isStreamId = Schema.is(StreamId)
export const isEventId = Schema.is(EventId)
const isMetadata = Schema.is(Metadata)
const isObject = (data: unknown): data is JsonObject =>
  typeof data === "object" && data !== null && !Array.isArray(data)

/** Of an event: it has one place, whatever else the server's positions can say. */
export const placeOf = (position: bigint): Position => ({ commit: position, prepare: position })

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
