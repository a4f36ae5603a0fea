import { type Array, Context, type Effect } from "effect"
import type { TenantId } from "../Ids.ts"
import type { BusUnavailable } from "./CommandBus.ts"

/** Where other services hear of an event: `homing.inbound.message.v1` on `homing.events.default.inbound.message`. */
export const eventSubjectOf = (tenant: TenantId, type: string): string =>
  `homing.events.${tenant}.${type.replace(/^homing\./, "").replace(/\.v\d+$/, "")}`

/** A public event, as whoever reads the bus gets it. */
export interface Announcement {
  readonly id: string
  readonly subject: string
  /** Where it stands in the log. */
  readonly cursor: string
  readonly bytes: Uint8Array
}

/** How far the stream of events has come. */
export interface Reached {
  /** Names the stream: one that was made anew is another. */
  readonly stream: string
  /** Of the last event that was ever published on it; 0: none was. */
  readonly sequence: number
  /** That event's, while the stream still holds it. */
  readonly cursor: string | undefined
  /** An event of more bytes is refused, or not kept. */
  readonly mostBytes: number
}

/**
 * The public events, for other services to read at their own pace: a stretch of the log that ends with its newest. What is
 * published stands behind what the publisher believed to be the last, or not at all: so it has every event once and in
 * order, whoever publishes and whatever is repeated.
 */
export interface EventBus {
  /** What is older than so many milliseconds is not kept. */
  readonly keptMillis: number
  /** Sees to it that the stream is there. Waits for a server. */
  readonly reached: Effect.Effect<Reached, BusUnavailable>
  /**
   * Completes with the sequence of the last when all are stored. When it fails, some of the first may be: ask how far the
   * stream has come.
   */
  readonly publish: (
    after: number,
    events: Array.NonEmptyReadonlyArray<Announcement>
  ) => Effect.Effect<number, BusUnavailable>
  /** Fails when this stream may not be there any more, or the server that has it. */
  readonly watch: (stream: string) => Effect.Effect<never, BusUnavailable>
}

/** Only a server can be read by other services; without one there is none. */
export const EventBus = Context.Reference<EventBus | undefined>("homing/domain/ports/EventBus", {
  defaultValue: () => undefined
})
