import shared from "@eventstore/db-client/generated/shared_pb.js"
import streams from "@eventstore/db-client/generated/streams_pb.js"
import type { StoredEvent } from "./Log.ts"

const { ReadEvent } = streams.ReadResp

const ticksPerMillisecond = 10_000n

const recorded = (event: StoredEvent): streams.ReadResp.ReadEvent.RecordedEvent => {
  const message = new ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.eventId))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(event.stream)))
    .setStreamRevision(`${event.revision}`)
    .setCommitPosition(`${event.position}`)
    .setPreparePosition(`${event.position}`)
    .setData(event.data)
    .setCustomMetadata(event.metadata)
  message
    .getMetadataMap()
    .set("type", event.type)
    .set("created", `${event.createdMillis * ticksPerMillisecond}`)
    .set("content-type", event.isJson ? "application/json" : "application/octet-stream")
  return message
}

export const eventMessage = (event: StoredEvent) =>
  new streams.ReadResp().setEvent(new ReadEvent().setEvent(recorded(event)).setCommitPosition(`${event.position}`))

export const streamNotFoundMessage = (stream: string) =>
  new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(
      new shared.StreamIdentifier().setStreamName(Buffer.from(stream))
    )
  )

export const confirmationMessage = () =>
  new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID())
  )

export const caughtUpMessage = () => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())

export const checkpointMessage = (commit: bigint, prepare: bigint) =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(`${commit}`).setPreparePosition(`${prepare}`)
  )
