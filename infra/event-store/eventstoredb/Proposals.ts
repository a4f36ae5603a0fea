import shared from "@eventstore/db-client/generated/shared_pb.js"
import streams from "@eventstore/db-client/generated/streams_pb.js"
import { Schema } from "effect"
import { EventId, type StreamId } from "#domain/Ids.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { ExpectedRevision } from "#domain/ports/EventStore.ts"
import type { Metadata, NewEvent } from "#domain/Recorded.ts"
import { canonical } from "../Canonical.ts"

const { Options, ProposedMessage } = streams.AppendReq

/**
 * The most bytes of data in one append, metadata not counted: EventStoreDB's `MaxAppendSize` where nothing is configured
 * (its `ClusterVNodeOptions.cs`).
 */
export const appendLimit = 1_048_576

interface Proposed extends Omit<NewEvent, "metadata"> {
  readonly metadata: Metadata | JsonObject
}

const isEventId = Schema.is(EventId)
const encoder = new TextEncoder()

/**
 * What is sent for an append. Throws on what must never leave the process, all of it a caller's defect: values that JSON
 * cannot say, ids and types that the server answers with an error of its own, more than it takes.
 */
export const proposal = (
  stream: StreamId,
  expected: ExpectedRevision,
  events: ReadonlyArray<Proposed>
): ReadonlyArray<streams.AppendReq> => {
  const options = new Options().setStreamIdentifier(new shared.StreamIdentifier().setStreamName(encoder.encode(stream)))
  if (expected === "no_stream") options.setNoStream(new shared.Empty())
  else options.setRevision(`${expected}`)

  const proposed = events.map(proposedEvent)
  const size = proposed.reduce((sum, event) => sum + event.getData_asU8().length, 0)
  if (size > appendLimit) throw new RangeError(`an append of ${size} bytes: EventStoreDB takes ${appendLimit}`)
  return [
    new streams.AppendReq().setOptions(options),
    ...proposed.map((event) => new streams.AppendReq().setProposedMessage(event))
  ]
}

/** The bytes themselves: the library would print objects anew, and those put names that look like numbers first. */
const proposedEvent = ({ data, eventId, metadata, type }: Proposed) => {
  if (!isEventId(eventId)) throw new TypeError("an event's id is not a UUID")
  if (type === "") throw new TypeError("an event has no type")
  const event = new ProposedMessage()
    .setId(new shared.UUID().setString(eventId))
    .setData(encoder.encode(canonical(data)))
    .setCustomMetadata(encoder.encode(canonical(metadata)))
  event.getMetadataMap().set("type", type).set("content-type", "application/json")
  return event
}
