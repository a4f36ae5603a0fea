import { type Array, Context, Effect, Layer, Schema } from "effect"
import type { Created } from "#domain/device/Device.ts"
import type { DeviceId, EventId, InboundId, MessageId, SubjectId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Quote } from "#domain/inbound/Quote.ts"
import type { Content } from "#domain/message/content/Content.ts"
import type { Queued } from "#domain/message/Message.ts"
import type { Recipient } from "#domain/message/Recipient.ts"
import type { ReadBox } from "#domain/wire/Protocol.ts"
import type { Unfit } from "../runtime/Fitness.ts"

/** As it stands in events, for ever. */
export type TransportName = Queued["transport"]["name"]

interface About<N extends TransportName> {
  readonly transport: N
  /** The event it comes from: by this name it is known again, however often it is issued. */
  readonly commandId: EventId
  readonly attempt: number
  /** Of that event: within a chat this is the order. */
  readonly position: bigint
  readonly device: DeviceId
  readonly expiresAt: Instant
}

/** A message to send, its personal data open. */
export interface SendOrder<N extends TransportName> extends About<N> {
  readonly kind: "send"
  readonly via: Extract<Queued["transport"], { readonly name: N }>
  readonly message: MessageId
  /** The chat, without a name. */
  readonly subject: SubjectId
  readonly to: Recipient
  readonly content: Content
  /** What it replies to. */
  readonly quote?: Quote
  /** Where in which trace it was accepted. */
  readonly trace?: string
}

/** A device that is to be linked with an account, for the first time or again. */
export interface LinkOrder<N extends TransportName> extends About<N> {
  readonly kind: "link"
  readonly via: Extract<Created["via"], { readonly transport: N }>
  /** What stands sealed in `via`: the number to pair with by code. */
  readonly phone: string | undefined
}

/** A device that is there: to be unlinked for good, or to connect again. */
export interface ManageOrder<N extends TransportName> extends About<N> {
  readonly kind: "unlink" | "reconnect"
}

/** What a device heard is to be marked as read, its personal data open. */
export interface ReadOrder<N extends TransportName> extends About<N> {
  readonly kind: "read"
  readonly fact: InboundId
  readonly message: ReadBox
}

/** What an event in the log asks of a transport. */
export type Order<N extends TransportName = TransportName> = SendOrder<N> | LinkOrder<N> | ManageOrder<N> | ReadOrder<N>

/** Whoever takes custody of orders cannot be reached, and has none of these. */
export class TransportUnavailable extends Schema.TaggedError<TransportUnavailable>()("TransportUnavailable", {
  /** What cannot be reached, in a word for the log. */
  what: Schema.String,
  cause: Schema.Defect()
}) {}

/** To whom the orders about some devices go: they leave in the log's order, and wait for nobody else's. */
export interface Route<N extends TransportName = TransportName> {
  /** Whether what is issued now leaves; else it waits until it does, or is over. */
  readonly isOpen: () => boolean
  /** Ends when they are in somebody else's custody. */
  readonly issue: (orders: Array.NonEmptyReadonlyArray<Order<N>>) => Effect.Effect<void, TransportUnavailable | Unfit>
}

/** A way by which messages go. */
export interface Transport<N extends TransportName = TransportName> {
  readonly name: N
  /** The same one for the same orders to queue behind; none as long as nobody here knows the way to the device. */
  readonly routeTo: (device: DeviceId) => Route<N> | undefined
  /** Whether what has no answer may be issued again: it leaves at once, and who has had it knows it by its name. */
  readonly mayReissue: (device: DeviceId) => boolean
}

/** The transports of this process. */
export class Transports extends Context.Service<
  Transports,
  {
    readonly register: <N extends TransportName>(transport: Transport<N>) => void
    readonly named: (name: TransportName) => Transport | undefined
  }
>()("homing/services/transports/Transports") {}

export const layer = Layer.sync(Transports, () => {
  const transports = new Map<TransportName, Transport>()
  return {
    register: (transport) => void transports.set(transport.name, transport as unknown as Transport), // asked by its name alone
    named: (name) => transports.get(name)
  }
})

/** A transport that is there for whoever is built on this layer. */
export const registered = <N extends TransportName, E, R>(transport: Effect.Effect<Transport<N>, E, R>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { register } = yield* Transports
      register(yield* transport)
    })
  )
