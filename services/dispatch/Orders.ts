import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Device, type DeviceEvent } from "#domain/device/Device.ts"
import { categoryOf, type SubjectId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Inbound, type InboundEvent, type ReadRequested } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import type { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { openWith, type Place, type Unreadable } from "#domain/privacy/Sealing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { normalised } from "#domain/tracing/Traceparent.ts"
import type { Order } from "../transports/Transport.ts"

type Outcome = Effect.Effect<Order | undefined, Unreadable | SubjectKeysUnavailable>
type Open = (
  sealed: Sealed,
  place: Place,
  owner?: SubjectId
) => Effect.Effect<string, Unreadable | SubjectKeysUnavailable>

/**
 * Only `message.queued`, what is asked of a device and what is to be marked as read ask something of a transport. Personal data is opened here, to leave
 * with it.
 */
export const orders = (crypto: Crypto["Service"], keys: SubjectKeys["Service"]) => {
  const open: Open = (sealed, place, owner) => openWith(crypto, keys, sealed, place, owner)
  return (event: RecordedEvent, attempt: number): Outcome =>
    isQueued(event)
      ? sendOrder(open, event, attempt)
      : isReadRequest(event)
        ? readOrder(open, event, attempt)
        : isAsking(event)
          ? deviceOrder(open, event, attempt)
          : Effect.succeed(undefined)
}

/** What a newer release has stored is for that one to issue. */
const isOf = (category: string, event: RecordedEvent) => categoryOf(event.stream) === category && isReleased(event)
const nameOf = ({ type }: RecordedEvent) => type.slice(0, type.lastIndexOf(".v"))

/** Message streams begin with the event that commands. */
export const isQueued = (event: RecordedEvent): boolean => event.revision === 0 && isOf(Message.category, event)

/** What a device is to be from then on: the last of these holds. */
const standing: ReadonlySet<string> = new Set<DeviceEvent["type"]>([
  "device.created",
  "device.link_requested",
  "device.unlink_requested"
])
const isStanding = (event: RecordedEvent) => {
  const name = nameOf(event)
  return standing.has(name) && (name === "device.created") === (event.revision === 0) && isOf(Device.category, event)
}
const reconnecting: DeviceEvent["type"] = "device.reconnect_requested"

/** Asks something of a device. */
export const isAsking = (event: RecordedEvent): boolean =>
  isStanding(event) || (nameOf(event) === reconnecting && isOf(Device.category, event))

const reading: InboundEvent["type"] = "inbound.read_requested"

/** Asks that a fact is marked as read. */
export const isReadRequest = (event: RecordedEvent): boolean =>
  nameOf(event) === reading && isOf(Inbound.category, event)

/** Of a stream, the event whose order is issued again while it is open. */
export const orderedBy = (stream: ReadonlyArray<RecordedEvent>): RecordedEvent | undefined => {
  const [first] = stream
  if (first !== undefined && isQueued(first)) return first
  return stream.findLast((event) => isStanding(event) || isReadRequest(event))
}

/** Of an event that asks something of a transport, the device it is about. */
export const deviceOf = (event: RecordedEvent): string | undefined => {
  if (isAsking(event)) return Device.idOf(event.stream)
  if (isReadRequest(event)) return (Inbound.read(event).data as ReadRequested).device
  const read = isQueued(event) ? Message.read(event) : undefined
  return read?.type === "message.queued" ? read.data.device : undefined
}

const sendOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const queued = Message.read(event)
  if (queued.type !== "message.queued") return undefined
  const { content, device, expiresAt, recipient, recipients, replyTo, transport } = queued.data
  const { tenant, traceparent } = event.metadata
  const trace = normalised(traceparent)
  const [owner] = recipients
  const to = yield* open(recipient.address, { tenant, event: event.eventId, field: "recipient" }, owner)
  const body = yield* open(content.body, { tenant, event: event.eventId, field: "content" }, owner)
  const quote = replyTo && (yield* open(replyTo.quote, { tenant, event: event.eventId, field: "quote" }, owner))
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
    content: JSON.parse(body),
    ...(quote !== undefined && { quote: JSON.parse(quote) }),
    ...(trace !== undefined && { trace })
  }
  return order
})

const readOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const requested = Inbound.read(event)
  if (requested.type !== reading) return undefined
  const { eventId, metadata, position, stream } = event
  const { device, expiresAt, message, transport } = requested.data
  const place = { tenant: metadata.tenant, event: eventId, field: "message" }
  const order: Order = {
    kind: "read",
    transport,
    commandId: eventId,
    attempt,
    position,
    device,
    expiresAt,
    fact: Inbound.idOf(stream),
    message: JSON.parse(yield* open(message, place))
  }
  return order
})

const dayMillis = 24 * 3_600_000
/** An agent that was away for longer does not do it any more. */
const patienceMillis = { link: 7 * dayMillis, unlink: 90 * dayMillis, reconnect: dayMillis / 24 } as const

const deviceOrder = Effect.fnUntraced(function* (open: Open, event: RecordedEvent, attempt: number) {
  const { eventId, metadata, position, stream } = event
  const { occurredAt, tenant } = metadata
  const about = (kind: keyof typeof patienceMillis) => ({
    commandId: eventId,
    attempt,
    position,
    device: Device.idOf(stream),
    expiresAt: fromMillis(toMillis(occurredAt) + patienceMillis[kind])
  })
  const asked: DeviceEvent = Device.read(event)
  switch (asked.type) {
    case "device.created":
    case "device.link_requested": {
      const { via } = asked.data
      const sealed = via.transport === "whatsapp-web" && via.pairing.method === "code" ? via.pairing.phone : undefined
      const phone = sealed && (yield* open(sealed, { tenant, event: eventId, field: "phone" }))
      const order: Order = { kind: "link", ...about("link"), transport: via.transport, via, phone }
      return order
    }
    case "device.unlink_requested":
    case "device.reconnect_requested": {
      const kind = asked.type === "device.unlink_requested" ? "unlink" : "reconnect"
      const order: Order = { kind, ...about(kind), transport: asked.data.transport }
      return order
    }
    default:
      return undefined
  }
})
