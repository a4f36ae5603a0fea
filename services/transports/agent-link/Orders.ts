import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Device, type DeviceEvent } from "#domain/device/Device.ts"
import { type AgentId, categoryOf, type DeviceId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Message } from "#domain/message/Message.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import type { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { openWith, type Place, type Unreadable } from "#domain/privacy/Sealing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import type { Order } from "./Commands.ts"

/** The agent command that an event gives rise to, and the device it is for. */
export interface Derived {
  readonly device: DeviceId
  /** Known from the event itself when it creates the device. */
  readonly agent: AgentId | undefined
  readonly order: Order
}

type Outcome = Effect.Effect<Derived | undefined, Unreadable | SubjectKeysUnavailable>
type Open = (sealed: Sealed, place: Place) => Effect.Effect<string, Unreadable | SubjectKeysUnavailable>

/** Only `message.queued` and `device.created` command an agent. Personal data is opened here, to be encrypted to it. */
export const orders = (crypto: Crypto["Service"], keys: SubjectKeys["Service"]) => {
  const open: Open = (sealed, place) => openWith(crypto, keys, sealed, place)
  return (event: RecordedEvent, attempt: number): Outcome =>
    isQueued(event)
      ? sendOrder(open, event, attempt)
      : isCreated(event)
        ? pairOrder(open, event, attempt)
        : Effect.succeed(undefined)
}

/** Streams begin with the event that commands; what a newer release has stored is for that one to issue. */
const begins = (event: RecordedEvent, category: string) =>
  event.revision === 0 && categoryOf(event.stream) === category && isReleased(event)
export const isQueued = (event: RecordedEvent): boolean => begins(event, Message.category)
const isCreated = (event: RecordedEvent): boolean => begins(event, Device.category)

/** Of an event that commands an agent, the device it is about. */
export const deviceOf = (event: RecordedEvent): string | undefined => {
  if (isCreated(event)) return Device.idOf(event.stream)
  const read = isQueued(event) ? Message.read(event) : undefined
  return read?.type === "message.queued" ? read.data.device : undefined
}

const sendOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const queued = Message.read(event)
  if (queued.type !== "message.queued") return undefined
  const { content, device, expiresAt, recipient, transport } = queued.data
  if (transport.name !== "whatsapp-web") return undefined
  const { tenant } = event.metadata
  const to = yield* open(recipient.address, { tenant, event: event.eventId, field: "recipient" })
  const body = yield* open(content.body, { tenant, event: event.eventId, field: "content" })
  const derived: Derived = {
    device,
    agent: undefined,
    order: {
      commandId: event.eventId,
      attempt,
      position: event.position,
      device,
      subject: recipient.address.subject,
      expiresAt,
      command: {
        kind: "send",
        message: Message.idOf(event.stream),
        waMessageId: transport.messageId,
        personal: { to: JSON.parse(to), content: JSON.parse(body) }
      }
    }
  }
  return derived
})

const pairingPatienceMillis = 7 * 24 * 3_600_000

const pairOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const created: DeviceEvent = Device.read(event)
  if (created.type !== "device.created") return undefined
  const { via } = created.data
  if (via.transport !== "whatsapp-web") return undefined
  const { agent, pairing } = via
  const { occurredAt, tenant } = event.metadata
  const device = Device.idOf(event.stream)
  const personal =
    pairing.method === "qr"
      ? { method: "qr" }
      : { method: "code", phone: yield* open(pairing.phone, { tenant, event: event.eventId, field: "phone" }) }
  const derived: Derived = {
    device,
    agent,
    order: {
      commandId: event.eventId,
      attempt,
      position: event.position,
      device,
      subject: "-",
      expiresAt: fromMillis(toMillis(occurredAt) + pairingPatienceMillis),
      command: { kind: "pair", personal }
    }
  }
  return derived
})
