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

/** Its bytes are gone. */
const destroyed = Schema.Struct({ at: Instant })

const events = {
  "batch.received": released(received),
  "batch.split": released(split),
  "batch.destroyed": released(destroyed)
}
export type BatchEvent = EventOf<typeof events>

// Commands

export type BatchCommand =
  | { readonly _tag: "Receive"; readonly batch: ReceivedBatch }
  | { readonly _tag: "Split"; readonly split: Split }
  | { readonly _tag: "Destroy"; readonly at: Instant }

export class BatchRejected extends Schema.TaggedError<BatchRejected>()("BatchRejected", {
  reason: Schema.Literals([
    "not_received",
    /** What it says would be lost. */
    "not_split"
  ])
}) {}

// State

export type BatchState = { readonly _tag: "Nothing" | "Received" | "Split" | "Destroyed" }

type Decision = Result.Result<ReadonlyArray<BatchEvent>, BatchRejected>
const accept = (...events: ReadonlyArray<BatchEvent>): Decision => Result.succeed(events)
const reject = (reason: BatchRejected["reason"]): Decision => Result.fail(new BatchRejected({ reason }))

const decider: Decider<BatchState, BatchCommand, BatchEvent, BatchRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, { _tag: state }) => {
    if (command._tag === "Receive") {
      return state === "Nothing" ? accept({ type: "batch.received", data: command.batch }) : accept()
    }
    if (state === "Nothing") return reject("not_received")
    if (command._tag === "Split") {
      return state === "Received" ? accept({ type: "batch.split", data: command.split }) : accept()
    }
    if (state === "Received") return reject("not_split")
    return state === "Destroyed" ? accept() : accept({ type: "batch.destroyed", data: { at: command.at } })
  },

  evolve: (_, { type }) => {
    if (type === "batch.received") return { _tag: "Received" }
    return { _tag: type === "batch.split" ? "Split" : "Destroyed" }
  }
}

export const Batch: Aggregate<BatchId, BatchState, BatchCommand, BatchEvent, BatchRejected> = aggregate({
  category: "batch",
  events,
  decider,
  isSettled: () => true
})
