import type { Effect } from "effect"
import type { EventStore } from "#domain/ports/EventStore.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { Answered } from "./Answered.ts"
import type { Delivery } from "./Delivery.ts"
import type { DeliveryRows } from "./DeliveryRows.ts"
import type { Destination, DestinationId } from "./Destination.ts"
import type { Schedule } from "./Retries.ts"
import type { Recorded } from "./Settling.ts"

/** Deliveries to destinations of one sort, which go on whatever becomes of those to another. */
export interface Lane<D extends Destination> {
  /** Of the lease: one gateway at a time delivers. */
  readonly name: string
  readonly find: (id: DestinationId) => D | undefined
  /** Those to which something may be delivered now. */
  readonly enabled: () => ReadonlyArray<D>
  readonly isEnabled: (destination: D) => boolean
  /** What does not answer on this side counts as no attempt. */
  readonly deliver: (delivery: Delivery, destination: D) => Effect.Effect<Answered>
  /** Follows the log; ends only with what keeps it from going on. `filled`: there are new deliveries. */
  readonly fill: (
    rows: DeliveryRows,
    lease: Lease,
    filled: Effect.Effect<unknown>
  ) => Effect.Effect<never, unknown, EventStore>
  readonly retries: Schedule
  /** Whether one that is away is left alone but for a question now and then, and has all that waits once it is back. */
  readonly isPatient: boolean
  /** What follows from an attempt that failed, besides that it is made again. */
  readonly failed: (recorded: Recorded<D>, now: number) => Effect.Effect<void>
  /** Looked after now and then. */
  readonly tend: (rows: DeliveryRows, lease: Lease) => Effect.Effect<void, unknown>
  /** What is counted of it. */
  readonly counts: Counts
}

export interface Counts {
  readonly attempted: (outcome: string) => void
  readonly settled: (status: string) => void
  /** `millis`: since what it tells was recorded. */
  readonly arrived: (millis: number) => void
}
