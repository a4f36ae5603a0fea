import type { EndpointId, EventId, TargetId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"

export type DestinationId = EndpointId | TargetId

/** Where deliveries go: an endpoint, or a target that a route leads to. */
export interface Destination {
  readonly id: DestinationId
  /** Made, enabled or moved last by this event: what came of an attempt before it says nothing of the destination. */
  readonly aimedBy: EventId
  readonly aimedAt: Instant
}
