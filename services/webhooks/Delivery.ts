import { Schema } from "effect"
import { DeliveryId, EndpointId, EventId, StreamId, TargetId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"

/** One thing to one destination, and what has become of it. */

export const statuses = ["pending", "delivered", "dead"] as const
export type DeliveryStatus = (typeof statuses)[number]

export const kinds = [
  /** What happened, to an endpoint. */
  "event",
  /** What Meta told of one person or thing, to a target. */
  "change",
  /** A whole request of Meta's, to a target. */
  "raw",
  /** What a device heard, or a session source told, as the public event, to a target. */
  "fact"
] as const
export type DeliveryKind = (typeof kinds)[number]

const Attempt = Schema.Struct({
  at: Instant,
  /** What was answered. */
  status: Schema.optionalKey(Schema.Natural),
  /** Why there was no answer. */
  error: Schema.optionalKey(Schema.String),
  millis: Schema.Natural
})
export type Attempt = typeof Attempt.Type

/** As its row has it. */
export const Delivery = Schema.Struct({
  id: DeliveryId,
  kind: Schema.Literals(kinds),
  /** Where it goes: an endpoint, or of other kinds a target. */
  endpoint: Schema.Union([EndpointId, TargetId]),
  event: EventId,
  stream: StreamId,
  revision: Schema.Natural,
  position: Schema.BigIntFromString,
  type: Schema.String,
  chat: Schema.String,
  status: Schema.Literals(statuses),
  /** When it is attempted next, or was settled. */
  due: Schema.NumberFromString,
  /** Since it was made, or asked for again. */
  tries: Schema.Natural,
  /** When it was made, or asked for again. */
  asked: Schema.NumberFromString,
  /** When what it tells was recorded. */
  recorded: Schema.NumberFromString,
  attempts: Schema.fromJsonString(Schema.Array(Attempt))
})
export type Delivery = typeof Delivery.Type
/** One that is to be made. */
export type NewDelivery = Omit<Delivery, "status" | "due" | "tries" | "attempts" | "asked">

/** What has become of a delivery, by the latest attempt. */
export interface Settled {
  readonly delivery: Delivery
  readonly status: DeliveryStatus
  readonly due: number
  readonly tries: number
  readonly attempt: Attempt
}
