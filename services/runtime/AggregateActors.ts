import { Array, Effect, Result, Schedule, Schema, type Scope } from "effect"
import type { Aggregate } from "#domain/Aggregate.ts"
import * as Clocks from "#domain/Clocks.ts"
import { fold } from "#domain/Decider.ts"
import { eventIdOf, newCommandId } from "#domain/Identifiers.ts"
import type { EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { remainingMillis } from "#domain/ports/Deadline.ts"
import { EventStore, EventStoreUnavailable, WrongExpectedRevision } from "#domain/ports/EventStore.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import { Mailbox } from "./Mailbox.ts"
import { metadataOf, type Origin, Provenance } from "./Provenance.ts"

/** What a command may know of the decision it belongs to: its sealed fields are bound to the event's id. */
export interface Decision {
  readonly at: Instant
  readonly eventId: (index: number) => EventId
}

export interface Outcome<State> {
  /** What this command added; empty when it said nothing new. */
  readonly events: ReadonlyArray<NewEvent>
  readonly state: State
  /** Of the last event of the stream; -1 when there is none. */
  readonly revision: number
  /** Of the last event this command added. */
  readonly position: bigint | undefined
}

/** One live actor per stream: loads on the first command, takes one command at a time, passivates when idle or settled. */
export interface AggregateActors<State, Command, Rejection> {
  /**
   * Completes once the events are durable. Interrupting the caller does not withdraw the command; its deadline ends every
   * wait and retry, whatever came of it. The command is built anew for each decision: a conflict with another writer makes
   * a second one.
   */
  readonly execute: (
    stream: StreamId,
    command: (decision: Decision) => Command,
    origin: Origin,
    options?: ExecuteOptions<State>
  ) => Effect.Effect<Outcome<State>, Rejection | EventStoreUnavailable>
  /** How many are in memory. */
  readonly size: () => number
}

export interface ExecuteOptions<State> {
  /** Names the first event. */
  readonly eventId?: EventId
  /** The stream is most likely not there yet: decide as if it were not, and read it only when it proves to be. */
  readonly expectNew?: boolean
  /** So does the stream most likely stand: decide as if it did, and read it only when it proves not to. */
  readonly expected?: Loaded<State>
}

/** How a stream stands: `revision` is that of its last event. */
export interface Loaded<State> {
  readonly state: State
  readonly revision: number
}

/** An actor in memory. `loaded` is only what is known to be stored. */
class Cell<State> {
  loaded: Loaded<State> | undefined = undefined
  readonly mailbox = new Mailbox()
  idleSince = 0
}

const soon = Schedule.exponential("50 millis")
const isUnclear = (error: WrongExpectedRevision | EventStoreUnavailable) =>
  error._tag === "EventStoreUnavailable" && error.written === "unknown"
const isConflict = Schema.is(WrongExpectedRevision)
const neverBegun = Effect.fail(
  new EventStoreUnavailable({ written: "no", cause: new Error("the deadline came before the command's turn") })
)

export const make = <
  Id extends string,
  State,
  Command,
  Event extends { readonly type: string; readonly data: object },
  Rejection
>(
  aggregate: Aggregate<Id, State, Command, Event, Rejection>,
  /** How long one that is not settled stays in memory when nothing is said to it; settled ones leave at once. */
  idleMillis = 10_000
): Effect.Effect<AggregateActors<State, Command, Rejection>, never, Crypto | EventStore | Provenance | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* EventStore
    const crypto = yield* Crypto
    const now = yield* Clocks.wall
    const provenance = yield* Provenance
    const { isSettled, read } = aggregate
    const cells = new Map<StreamId, Cell<State>>()
    const nothing: Loaded<State> = { state: aggregate.initialState, revision: -1 }

    const load = (stream: StreamId): Effect.Effect<Loaded<State>, EventStoreUnavailable> =>
      Effect.map(store.read(stream), (recorded) => ({
        state: fold(aggregate, recorded.map(read)),
        revision: recorded.length - 1
      }))

    /** The very same events at the same revision, until it is known whether they are stored. */
    const append = (stream: StreamId, revision: number, events: Array.NonEmptyReadonlyArray<NewEvent>) => {
      const once = store.append(stream, revision < 0 ? "no_stream" : revision, events)
      return Effect.catchIf(once, isUnclear, (unclear) =>
        Effect.flatMap(remainingMillis, (millis) => {
          if (millis === 0) return Effect.fail(unclear)
          const deadline = performance.now() + millis
          const isWorthIt = (error: typeof unclear) => isUnclear(error) && performance.now() < deadline
          return Effect.retry(once, { while: isWorthIt, schedule: soon, times: 4 })
        })
      )
    }

    interface Given {
      readonly stream: StreamId
      readonly command: (decision: Decision) => Command
      readonly origin: Origin
      readonly eventId: EventId | undefined
    }
    type Decided = Effect.Effect<Outcome<State>, Rejection | WrongExpectedRevision | EventStoreUnavailable>

    const readAndDecide = (cell: Cell<State>, given: Given): Decided =>
      Effect.flatMap(load(given.stream), (loaded) => {
        cell.loaded = loaded
        return decideOn(cell, given, loaded, false)
      })

    /** `believed`: what is decided on was not read just now. */
    const decideOn = (
      cell: Cell<State>,
      given: Given,
      { revision, state }: Loaded<State>,
      believed: boolean
    ): Decided => {
      const millis = now()
      const commandId = newCommandId(crypto, millis)
      const at = fromMillis(millis)
      const ids: globalThis.Array<EventId> = []
      const idOf = (index: number) => {
        ids[index] ??= (index === 0 ? given.eventId : undefined) ?? eventIdOf(crypto, commandId, index)
        return ids[index]
      }
      const decision = aggregate.decide(given.command({ at, eventId: idOf }), state)
      if (Result.isFailure(decision)) {
        if (!believed) return Effect.fail(decision.failure)
        cell.loaded = undefined // another writer may have made it possible: no append would tell
        return readAndDecide(cell, given)
      }
      const metadata = metadataOf(provenance, given.origin, commandId, at)
      const events = decision.success.map((event, i): NewEvent => ({ ...read.stored(event, idOf(i)), metadata }))
      if (!Array.isReadonlyArrayNonEmpty(events)) {
        return Effect.succeed({ events, state, revision, position: undefined })
      }
      cell.loaded = undefined // believe nothing until the append is known to have worked
      return Effect.map(append(given.stream, revision, events), ({ position, revision }) => {
        const loaded = { state: fold(aggregate, events.map(read), state), revision }
        cell.loaded = loaded
        return { events, state: loaded.state, revision, position }
      })
    }

    const enter = <A, E>(stream: StreamId, cell: Cell<State>, work: Effect.Effect<A, E>) =>
      cell.mailbox.enter(work, neverBegun, () => {
        if (cell.loaded === undefined || isSettled(cell.loaded.state)) cells.delete(stream)
        else cell.idleSince = performance.now()
      })

    const sweep = Effect.sync(() => {
      const limit = performance.now() - idleMillis
      for (const [stream, cell] of cells) if (cell.mailbox.isEmpty && cell.idleSince < limit) cells.delete(stream)
    })
    yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced("1 second")))

    return {
      size: () => cells.size,
      execute: (stream, command, origin, options = {}) =>
        Effect.suspend(() => {
          let cell = cells.get(stream)
          if (cell === undefined) {
            cell = new Cell()
            cells.set(stream, cell)
          }
          const actor = cell
          const given: Given = { stream, command, origin, eventId: options.eventId }
          const decided = Effect.suspend(() => {
            if (actor.loaded !== undefined) return decideOn(actor, given, actor.loaded, true)
            const expected = options.expectNew === true ? nothing : options.expected
            return expected === undefined ? readAndDecide(actor, given) : decideOn(actor, given, expected, true)
          })
          // someone else wrote to the stream: look again, then decide again
          const outcome = Effect.catchIf(decided, isConflict, () =>
            Effect.suspend(() => readAndDecide(actor, given)).pipe(
              Effect.retry({ while: isConflict, times: 10 }),
              Effect.catchIf(isConflict, (conflict) => Effect.die(conflict))
            )
          )
          return enter(stream, actor, outcome)
        }).pipe(Effect.uninterruptible) // also while it waits in the mailbox
    }
  })
