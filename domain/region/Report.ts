import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { EventId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"
import { Told } from "./Told.ts"

/**
 * What another region told of one message, fact or device: each event of it recorded here once, however often it is handed
 * over and whatever came between.
 */

export const RegionName = Schema.String.check(Schema.isPattern(/^[a-z0-9-]{1,32}$/))

const reported = Schema.Struct({
  region: Schema.String,
  /** The event's id there. */
  event: EventId,
  type: Schema.String,
  /** Where it stands in that log. */
  cursor: Schema.String,
  /** When it was recorded there. */
  time: Instant,
  told: Told,
  /** The whole public event, under the key of whose words it holds; of nobody's, under the region's. */
  whole: sealedAs("event"),
  /** It had more to say, which nobody here could open, or which was too long for the bus. */
  lacking: Schema.optionalKey(Schema.String)
})
export type Reported = typeof reported.Type

const events = { "region.reported": released(reported) }
export type ReportEvent = EventOf<typeof events>

export type ReportCommand = { readonly _tag: "Record"; readonly reported: Reported }
export type ReportState = { readonly events: ReadonlySet<EventId> }

const decider: Decider<ReportState, ReportCommand, ReportEvent, never> = {
  initialState: { events: new Set() },
  // an event never says anything else than it did: the same id is the same event
  decide: ({ reported: data }, { events }) =>
    Result.succeed(events.has(data.event) ? [] : [{ type: "region.reported", data }]),
  evolve: ({ events }, { data: { event } }) => ({ events: new Set(events).add(event) })
}

export const Report: Aggregate<string, ReportState, ReportCommand, ReportEvent, never> = aggregate({
  category: "region",
  events,
  decider,
  isSettled: () => true
})
