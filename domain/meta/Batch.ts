import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { type BatchId, BlobId, MetaApp } from "../Ids.ts"
import { Instant } from "../Instant.ts"

/** A request of Meta's, or of a session source: the bytes that were signed, until they were taken apart, and for a while after. */

// Events

/** It is kept, and whoever sent it is told so. */
const received = Schema.Struct({
  /** The app of Meta's, or the session source. */
  app: MetaApp,
  /** Absent where it is Meta's. */
  source: Schema.optionalKey(Schema.Literal("session")),
  /** Where its bytes are, with the headers that belong to them. */
  blob: BlobId,
  /** How many came. */
  bytes: Schema.Natural,
  receivedAt: Instant
})
export type ReceivedBatch = typeof received.Type

/** All that it says is recorded. */
const split = Schema.Struct({
  /** How many facts it came to, those that were known before as well. */
  facts: Schema.Natural,
  /** How many of them say something else than another of the same name. */
  conflicts: Schema.Natural,
  at: Instant
})
export type Split = typeof split.Type

/** Nothing can come of it: its bytes were not there, or were not those that were kept. Meta may bring them once more. */
const lost = Schema.Struct({ problem: Schema.Literals(["missing", "damaged"]), at: Instant })
export type Loss = typeof lost.Type

/** Its bytes are gone. */
const destroyed = Schema.Struct({ at: Instant })

const events = {
  "batch.received": released(received),
  "batch.split": released(split),
  "batch.lost": released(lost),
  "batch.destroyed": released(destroyed)
}
export type BatchEvent = EventOf<typeof events>

// Commands

export type BatchCommand =
  | { readonly _tag: "Receive"; readonly batch: ReceivedBatch }
  | { readonly _tag: "Split"; readonly split: Split }
  | { readonly _tag: "Lose"; readonly loss: Loss }
  | { readonly _tag: "Destroy"; readonly at: Instant }

export class BatchRejected extends Schema.TaggedError<BatchRejected>()("BatchRejected", {
  reason: Schema.Literals([
    "not_received",
    /** What it says would be lost. */
    "not_split"
  ])
}) {}

// State

export type BatchState = { readonly _tag: "Nothing" | "Received" | "Split" | "Lost" | "Destroyed" }

const after = {
  "batch.received": "Received",
  "batch.split": "Split",
  "batch.lost": "Lost",
  "batch.destroyed": "Destroyed"
} as const

type Decision = Result.Result<ReadonlyArray<BatchEvent>, BatchRejected>
const accept = (...events: ReadonlyArray<BatchEvent>): Decision => Result.succeed(events)
const reject = (reason: BatchRejected["reason"]): Decision => Result.fail(new BatchRejected({ reason }))

const decider: Decider<BatchState, BatchCommand, BatchEvent, BatchRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, { _tag: state }) => {
    if (command._tag === "Receive") {
      const isAwaited = state === "Nothing" || state === "Lost"
      return isAwaited ? accept({ type: "batch.received", data: command.batch }) : accept()
    }
    if (state === "Nothing") return reject("not_received")
    if (command._tag === "Lose") {
      return state === "Received" ? accept({ type: "batch.lost", data: command.loss }) : accept()
    }
    const isWhole = state === "Split" || state === "Destroyed"
    if (command._tag === "Split") {
      return isWhole ? accept() : accept({ type: "batch.split", data: command.split })
    }
    if (!isWhole) return reject("not_split")
    return state === "Destroyed" ? accept() : accept({ type: "batch.destroyed", data: { at: command.at } })
  },

  evolve: (_, { type }) => ({ _tag: after[type] })
}

export const Batch: Aggregate<BatchId, BatchState, BatchCommand, BatchEvent, BatchRejected> = aggregate({
  category: "batch",
  events,
  decider,
  // none stays in memory: another gateway may find it lost, and whoever then believed what it was would not begin anew
  isSettled: () => true
})
