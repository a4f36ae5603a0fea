import { Schema } from "effect"
import { CommandId, type EventId, type StreamId, TenantId } from "./Ids.ts"
import { Instant } from "./Instant.ts"
import type { JsonObject } from "./Json.ts"

/** Who caused an event: an API key, an agent, or the gateway's own clock. */
export const Actor = Schema.Struct({
  kind: Schema.Literals(["api_key", "agent", "gateway"]),
  id: Schema.String
})
export type Actor = typeof Actor.Type

/** Stands on every event, for ever. `v` is this shape's own version. */
export const Metadata = Schema.Struct({
  v: Schema.Literal(1),
  tenant: TenantId,
  actor: Actor,
  commandId: CommandId,
  correlationId: Schema.String,
  causationId: Schema.String,
  occurredAt: Instant,
  region: Schema.String,
  producer: Schema.String,
  traceparent: Schema.optionalKey(Schema.String)
})
export type Metadata = typeof Metadata.Type

/** An event about to be appended. Data and metadata are stored as RFC 8785 (canonical) JSON. */
export interface NewEvent {
  readonly eventId: EventId
  /** Stable name and version, `message.queued.v1`. */
  readonly type: string
  readonly data: JsonObject
  readonly metadata: Metadata
}

/** An event as the store hands it back. */
export interface RecordedEvent extends NewEvent {
  readonly stream: StreamId
  /** Zero-based place in its own stream, on every adapter. */
  readonly revision: number
  /** Opaque, monotonic place in the whole log. Compare only with `<` and `>`. */
  readonly position: bigint
  readonly recordedAt: Instant
}
