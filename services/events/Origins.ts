import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import type { DeviceId, StreamId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

const capacity = 8_192

/** What a stream's first event says of its device; later ones do not repeat it. Nothing, where a newer release wrote it. */
const deviceIn = (recorded: RecordedEvent): DeviceId | undefined => {
  if (!isReleased(recorded)) return undefined
  if (Message.read.types.has(recorded.type)) {
    const event = Message.read(recorded)
    return event.type === "message.queued" ? event.data.device : undefined
  }
  const event = Inbound.read(recorded)
  return event.type === "inbound.received" ? event.data.source.device : undefined
}

/**
 * The device of a message or fact, whichever of its events is asked about; `undefined` where only a newer release knows.
 * What was read last is remembered.
 */
export const make = Effect.map(EventStore, (store) => {
  const known = new Map<StreamId, DeviceId>()
  const note = (stream: StreamId, device: DeviceId) => {
    known.delete(stream)
    known.set(stream, device)
    if (known.size > capacity) known.delete(known.keys().next().value!)
    return device
  }
  return {
    deviceOf: (event: RecordedEvent) => {
      const { stream } = event
      const device = deviceIn(event) ?? known.get(stream)
      if (device !== undefined) return Effect.succeed(note(stream, device))
      return Effect.map(store.read(stream), ([first]) => {
        const found = first && deviceIn(first)
        return found && note(stream, found)
      })
    }
  }
})
