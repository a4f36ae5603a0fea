import { Effect } from "effect"
import { Device } from "#domain/device/Device.ts"
import { categoryOf, type StreamId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Erasure } from "#domain/privacy/Erasure.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"

const capacity = 8_192

/** What a stream's first event says of its chat: the device, or the app of Meta's, and the digest of whom it is with. */
const chatIn = (first: RecordedEvent): string | undefined => {
  if (Message.read.types.has(first.type)) {
    const event = Message.read(first)
    return event.type === "message.queued" ? `${event.data.device}/${event.data.recipient.address.subject}` : undefined
  }
  if (MetaFact.read.types.has(first.type)) {
    const { account, group, person, source } = MetaFact.read(first).data
    return `meta/${source.app}/${group ?? person?.names[0] ?? account ?? ""}`
  }
  if (SessionFact.read.types.has(first.type)) {
    const { account, person, source } = SessionFact.read(first).data
    return `sessions/${source.name}/${account}/${person?.names[0] ?? ""}`
  }
  const event = Inbound.read(first)
  return event.type === "inbound.received" ? `${event.data.source.device}/${event.data.chat.names[0]}` : undefined
}

/** Within which order an event is told: that of its chat, of its device, or of its erasure. What was read last is remembered. */
export const make = Effect.map(EventStore, (store) => {
  const known = new Map<StreamId, string>()
  const note = (stream: StreamId, chat: string) => {
    known.delete(stream)
    known.set(stream, chat)
    if (known.size > capacity) known.delete(known.keys().next().value!)
    return chat
  }
  return (event: RecordedEvent) => {
    const { stream } = event
    if (categoryOf(stream) === Device.category) return Effect.succeed(Device.idOf(stream) as string)
    if (categoryOf(stream) === Erasure.category) return Effect.succeed<string>(stream)
    const chat = chatIn(event) ?? known.get(stream)
    if (chat !== undefined) return Effect.succeed(note(stream, chat))
    return Effect.map(store.read(stream), ([first]) => note(stream, (first && chatIn(first)) ?? stream))
  }
})
