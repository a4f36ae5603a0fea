import { type Array, Context, type Effect, Schema, type Stream } from "effect"
import { type EventId, StreamId } from "../Ids.ts"
import type { NewEvent, RecordedEvent } from "../Recorded.ts"

/** What the writer believes about the stream: it does not exist yet, or ends at this revision. Never "any". */
export type ExpectedRevision = "no_stream" | number

export class WrongExpectedRevision extends Schema.TaggedError<WrongExpectedRevision>()("WrongExpectedRevision", {
  stream: StreamId,
  expected: Schema.Union([Schema.Literal("no_stream"), Schema.Natural])
}) {}

/**
 * The store did not answer as it should. `written` is what is known of an append: `no`, certainly nothing was stored;
 * `unknown`, it may have been: retry the same events at the same expected revision, or reload.
 */
export class EventStoreUnavailable extends Schema.TaggedError<EventStoreUnavailable>()("EventStoreUnavailable", {
  written: Schema.Literals(["no", "unknown"]),
  cause: Schema.Defect()
}) {}

/** Where the last of the appended events stands. */
export interface Appended {
  readonly revision: number
  readonly position: bigint
}

/**
 * Append-only streams of events plus one global order.
 * Every adapter must pass `infra/event-store/contract.ts`; read it for the exact semantics.
 */
export class EventStore extends Context.Service<
  EventStore,
  {
    /**
     * Appends all events durably, or none. The same ids at the same expected revision succeed again with the first
     * answer, for ever, whatever was appended after them; anything else at a revision that has passed fails with
     * `WrongExpectedRevision`.
     */
    readonly append: (
      stream: StreamId,
      expected: ExpectedRevision,
      events: Array.NonEmptyReadonlyArray<NewEvent>
    ) => Effect.Effect<Appended, WrongExpectedRevision | EventStoreUnavailable>

    /** The stream's events, oldest first; empty when the stream does not exist. */
    readonly read: (stream: StreamId) => Effect.Effect<ReadonlyArray<RecordedEvent>, EventStoreUnavailable>

    /**
     * Events of these categories after `after` (`undefined`: from the first), in the log's order, without gap or
     * repetition, then live. Never ends. What is ready together arrives as one array: live, a whole commit where the
     * store knows its commits; else a page. `passed` hears up to where the log holds nothing more of them than what was
     * handed over and taken; a store that cannot tell says nothing.
     */
    readonly subscribe: (options: {
      readonly categories: ReadonlyArray<string>
      readonly after: bigint | undefined
      readonly passed?: ((position: bigint) => void) | undefined
    }) => Stream.Stream<RecordedEvent, EventStoreUnavailable>

    /** The position of the last event in the log; `undefined` when it is empty. */
    readonly head: Effect.Effect<bigint | undefined, EventStoreUnavailable>

    /** The id of the event that stands at exactly this position, if one does. */
    readonly at: (position: bigint) => Effect.Effect<EventId | undefined, EventStoreUnavailable>

    /** Fails when an append would, as far as that can be told without one: a full disk is still read from. */
    readonly appendable: Effect.Effect<void, EventStoreUnavailable>
  }
>()("homing/domain/ports/EventStore") {}
