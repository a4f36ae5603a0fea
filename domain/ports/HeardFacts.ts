import type { Array, Effect } from "effect"
import type { DeviceId, EventId } from "../Ids.ts"
import type { Instant } from "../Instant.ts"
import type { Heard } from "../inbound/Heard.ts"
import type { LedgerUnavailable } from "./Ledger.ts"

/** What a device heard, as it waits for the gateway. */
export interface HeardFact {
  /** Names its report, and follows from what was heard: what WhatsApp offers once more has the same. */
  readonly id: EventId
  readonly device: DeviceId
  readonly at: Instant
  /** Personal: encrypted at rest. */
  readonly heard: Heard
}

/** A fact without what it says. */
export interface HeardPlace {
  readonly id: EventId
  /** Grows with the order in which facts were heard. */
  readonly place: number
  /** A keyed digest of the device and its chat: facts of one chat are told one after the other. */
  readonly chat: string
}

type Outcome<A> = Effect.Effect<A, LedgerUnavailable>

/** The part of the agent's ledger that keeps what devices heard until the gateway's acknowledgement names it. */
export interface HeardFacts {
  /**
   * Durable when it returns; answers with the places of those that were not there. Bounded in bytes: what has no room lets
   * the oldest go, and `forgotten` counts them.
   */
  readonly keep: (
    facts: Array.NonEmptyReadonlyArray<HeardFact>
  ) => Outcome<{ readonly places: ReadonlyArray<HeardPlace>; readonly forgotten: ReadonlyArray<EventId> }>
  /** The oldest, `limit` at most, from behind `after` on. */
  readonly waiting: (limit: number, after: number) => Outcome<ReadonlyArray<HeardPlace>>
  readonly read: (place: number) => Outcome<HeardFact | undefined>
  /** Lets them go, with the next commit, one second later at most. */
  readonly acknowledged: (ids: ReadonlyArray<EventId>) => Effect.Effect<void>
}
