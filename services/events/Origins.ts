import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import type { DeviceId, StreamId, SubjectId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

const capacity = 8_192

/** By which device something came, and in which chat. */
export interface Origin {
  readonly device: DeviceId
  /** Every name that the event has for the chat; of whoever said it, if it was not the account itself. */
  readonly chat: ReadonlyArray<SubjectId>
  readonly sender: ReadonlyArray<SubjectId>
}

const nobody: ReadonlyArray<SubjectId> = []

/** What a stream's first event says of its origin; later ones do not repeat it. Nothing, where a newer release wrote it. */
const originIn = (recorded: RecordedEvent): Origin | undefined => {
  if (!isReleased(recorded)) return undefined
  if (Message.read.types.has(recorded.type)) {
    const event = Message.read(recorded)
    if (event.type !== "message.queued") return undefined
    const { device, recipient } = event.data
    return { device, chat: [recipient.address.subject], sender: nobody }
  }
  const event = Inbound.read(recorded)
  if (event.type !== "inbound.received") return undefined
  const { chat, fromMe, sender, source } = event.data
  return { device: source.device, chat: chat.names, sender: fromMe ? nobody : sender.names }
}

/**
 * The origin of a message or fact, whichever of its events is asked about; `undefined` where only a newer release knows.
 * What was read last is remembered.
 */
export const make = Effect.map(EventStore, (store) => {
  const known = new Map<StreamId, Origin>()
  const note = (stream: StreamId, origin: Origin) => {
    known.delete(stream)
    known.set(stream, origin)
    if (known.size > capacity) known.delete(known.keys().next().value!)
    return origin
  }
  return {
    // suspended: what cannot be read is a defect of the effect, for whoever catches it there
    originOf: (event: RecordedEvent) =>
      Effect.suspend(() => {
        const { stream } = event
        const origin = originIn(event) ?? known.get(stream)
        if (origin !== undefined) return Effect.succeed(note(stream, origin))
        return Effect.map(store.read(stream), ([first]) => {
          const found = first && originIn(first)
          return found && note(stream, found)
        })
      })
  }
})
