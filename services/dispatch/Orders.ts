import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Device, type DeviceEvent } from "#domain/device/Device.ts"
import { categoryOf } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Message } from "#domain/message/Message.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import type { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { openWith, type Place, type Unreadable } from "#domain/privacy/Sealing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import type { Order } from "../transports/Transport.ts"

type Outcome = Effect.Effect<Order | undefined, Unreadable | SubjectKeysUnavailable>
type Open = (sealed: Sealed, place: Place) => Effect.Effect<string, Unreadable | SubjectKeysUnavailable>

/** Only `message.queued` and `device.created` ask something of a transport. Personal data is opened here, to leave with it. */
export const orders = (crypto: Crypto["Service"], keys: SubjectKeys["Service"]) => {
  const open: Open = (sealed, place) => openWith(crypto, keys, sealed, place)
  return (event: RecordedEvent, attempt: number): Outcome =>
    isQueued(event)
      ? sendOrder(open, event, attempt)
      : isCreated(event)
        ? linkOrder(open, event, attempt)
        : Effect.succeed(undefined)
}

/** Streams begin with the event that commands; what a newer release has stored is for that one to issue. */
const begins = (event: RecordedEvent, category: string) =>
  event.revision === 0 && categoryOf(event.stream) === category && isReleased(event)
export const isQueued = (event: RecordedEvent): boolean => begins(event, Message.category)
const isCreated = (event: RecordedEvent): boolean => begins(event, Device.category)

/** Of an event that asks something of a transport, the device it is about. */
export const deviceOf = (event: RecordedEvent): string | undefined => {
  if (isCreated(event)) return Device.idOf(event.stream)
  const read = isQueued(event) ? Message.read(event) : undefined
  return read?.type === "message.queued" ? read.data.device : undefined
}

const sendOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const queued = Message.read(event)
  if (queued.type !== "message.queued") return undefined
  const { content, device, expiresAt, recipient, transport } = queued.data
  const { tenant } = event.metadata
  const to = yield* open(recipient.address, { tenant, event: event.eventId, field: "recipient" })
  const body = yield* open(content.body, { tenant, event: event.eventId, field: "content" })
  const order: Order = {
    kind: "send",
    transport: transport.name,
    via: transport,
    commandId: event.eventId,
    attempt,
    position: event.position,
    device,
    expiresAt,
    message: Message.idOf(event.stream),
    subject: recipient.address.subject,
    to: JSON.parse(to),
    content: JSON.parse(body)
  }
  return order
})

const linkingPatienceMillis = 7 * 24 * 3_600_000

const linkOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const created: DeviceEvent = Device.read(event)
  if (created.type !== "device.created") return undefined
  const { via } = created.data
  const { occurredAt, tenant } = event.metadata
  const sealed = via.transport === "whatsapp-web" && via.pairing.method === "code" ? via.pairing.phone : undefined
  const order: Order = {
    kind: "link",
    transport: via.transport,
    via,
    commandId: event.eventId,
    attempt,
    position: event.position,
    device: Device.idOf(event.stream),
    expiresAt: fromMillis(toMillis(occurredAt) + linkingPatienceMillis),
    phone: sealed && (yield* open(sealed, { tenant, event: event.eventId, field: "phone" }))
  }
  return order
})
