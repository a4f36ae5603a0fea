import { Effect } from "effect"
import type { DeviceId, StreamId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

const capacity = 8_192

/** What a stream's first event says of its device; later ones do not repeat it. */
const deviceIn = (recorded: RecordedEvent): DeviceId | undefined => {
  if (Message.read.types.has(recorded.type)) {
    const event = Message.read(recorded)
    return event.type === "message.queued" ? event.data.device : undefined
  }
  const event = Inbound.read(recorded)
  return event.type === "inbound.received" ? event.data.source.device : undefined
}

/** The device of a message or fact, whichever of its events is asked about. What was read last is remembered. */
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
      return Effect.flatMap(store.read(stream), ([first]) => {
        const found = first && deviceIn(first)
        return found === undefined
          ? Effect.die(`${stream} does not begin with what it is`)
          : Effect.succeed(note(stream, found))
      })
    }
  }
})
