import { Array, Clock, Effect, Schedule, Semaphore, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { pastOf } from "../runtime/Past.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { alone } from "../tables/Tables.ts"
import { BeginningMissing } from "./BeginningMissing.ts"
import type { MemoryView } from "./MemoryView.ts"
import * as Progress from "./Progress.ts"
import * as Rows from "./Rows.ts"
import type { RowsView } from "./RowsView.ts"

/** What only the rows can tell is read again this often. */
const recount = "10 seconds"
/** Rows of this release are there by then, unless another one still writes its own. */
const soonMillis = 5_000
const manyEvents = 256

/** What is kept in memory, and the rows it begins from. */
export interface Kept {
  readonly rows: RowsView
  readonly memory: MemoryView
}
/** How far one has come. */
type Follower = Kept & {
  position: bigint | undefined
  /** It has lost what an event goes on from, and is not yet what the log says. */
  lost?: boolean
}

/** Of rows that say what they cannot say. The decoder's own words may quote them. */
const inWords = (cause: unknown) => (cause instanceof BeginningMissing ? "a row is missing" : "a row cannot be read")

/** Rows and checkpoints of one moment; `undefined` while the rows are not those of this release. */
const read = (sql: SqlClient.SqlClient, kept: ReadonlyArray<Kept>) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.onDialectOrElse({
        pg: () => sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`,
        orElse: () => Effect.void
      })
      const checkpoints = yield* sql<Rows.Checkpoint>`SELECT * FROM checkpoints`
      const found = kept.flatMap((one): ReadonlyArray<Follower & { readonly checkpoint: Rows.Checkpoint }> => {
        const checkpoint = Rows.checkpointOf(one.rows, checkpoints)
        return checkpoint === undefined ? [] : [{ ...one, checkpoint, position: Rows.positionOf(checkpoint) }]
      })
      if (found.length < kept.length) return undefined
      return yield* Effect.forEach(
        found,
        Effect.fnUntraced(
          function* ({ checkpoint, ...one }) {
            const problem = yield* Rows.forgery(sql, one.rows, checkpoint)
            if (problem !== undefined) return { ...one, problem }
            yield* one.memory.hydrate(sql)
            return one
          },
          (reading, { checkpoint: _, ...one }) =>
            Effect.catchDefect(reading, (problem) => Effect.succeed({ ...one, problem: inWords(problem) }))
        )
      )
    })
  )

/** The same, and what cannot be read is made anew: of that, what is in memory begins with the log. */
export const hydrate = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, kept: ReadonlyArray<Kept>) {
  const found = yield* read(sql, kept)
  if (found === undefined) return undefined
  return yield* Effect.forEach(found, (one) =>
    "problem" in one
      ? Effect.as(alone(sql, Rows.remake(sql, one.rows, one.problem)), { ...one, position: undefined })
      : Effect.succeed<Follower>(one)
  )
})

/** Rows are made of events: where those of this release are not there, the events are. */
const fromTheLog = (kept: ReadonlyArray<Kept>) =>
  Effect.as(
    Effect.logWarning(
      "the views' rows are not of this release: another still writes its own, or this one cannot; what is in memory is read from the log, and lists wait"
    ),
    kept.map((one): Follower => ({ ...one, position: undefined }))
  )

type Hydrated = Effect.Success<ReturnType<typeof hydrate>>

const beginning = Effect.fnUntraced(function* (kept: ReadonlyArray<Kept>, hydrated: Hydrated) {
  const sql = yield* SqlClient.SqlClient
  const patient = (yield* Clock.currentTimeMillis) + soonMillis
  for (let found = hydrated; ; found = yield* hydrate(sql, kept)) {
    if (found !== undefined) return found
    if ((yield* Clock.currentTimeMillis) >= patient) return yield* fromTheLog(kept)
    yield* Effect.sleep("20 millis")
  }
})

/** Messages are nearly all of the log: whoever asks for none of them is done long before. */
const isShort = ({ rows }: Follower) => !rows.categories.includes("message")

/**
 * Where the store can tell that nothing more is to come of it, who may call and which devices there are is known before
 * all messages of a long log have been read: until these have, by a reading of its own.
 */
const headStart = Effect.fnUntraced(function* (
  short: ReadonlyArray<Follower>,
  after: bigint | undefined,
  apply: (
    to: ReadonlyArray<Follower>,
    events: Array.NonEmptyReadonlyArray<RecordedEvent>
  ) => Effect.Effect<unknown, EventStoreUnavailable, EventStore>,
  advance: (to: bigint) => Effect.Effect<void>,
  reached: (position: bigint) => Effect.Effect<void>
) {
  const store = yield* EventStore
  const head = yield* Effect.retry(store.head, Schedule.spaced("1 second"))
  if (head === undefined) return
  const run = Effect.runForkWith(yield* Effect.context<never>())
  yield* Subscription.follow({
    name: "keys and devices",
    categories: short.flatMap(({ rows }) => rows.categories),
    after,
    passed: (position) => void run(advance(position)),
    handle: (events) => Effect.asVoid(apply(short, events))
  }).pipe(Effect.raceFirst(reached(head)))
})

/**
 * What rows have lost the log still has: one stream that lacks its beginning stops no other. Read from the first event on,
 * over what is there; until that is done, `lost` says so. A failure that remains is the log's.
 */
const take = Effect.fnUntraced(function* (
  one: Follower,
  news: Array.NonEmptyReadonlyArray<RecordedEvent>,
  upTo: bigint
) {
  if (one.lost !== true) {
    try {
      return one.memory.follow(news)
    } catch (failure) {
      if (!(failure instanceof BeginningMissing)) throw failure
      one.lost = true
    }
    yield* Effect.logWarning("what is in memory lacks what the log holds; it is read from the log once more", {
      view: one.rows.name
    })
  }
  yield* Stream.runForEachArray(pastOf(one.rows.categories, upTo), (events) =>
    Effect.sync(() => {
      const known = Rows.newsFor(one.rows, undefined, events)
      if (Array.isReadonlyArrayNonEmpty(known)) one.memory.follow(known)
    })
  )
  one.lost = false
})

/**
 * Keeps what is in memory up to date: from the rows as they are at the start, if they are of this release, then from the
 * log alone. `hydrated` before anybody wrote: what is to be made anew is written by nobody then.
 */
export const follow = Effect.fnUntraced(function* (kept: ReadonlyArray<Kept>, hydrated: Hydrated) {
  const sql = yield* SqlClient.SqlClient
  const following = yield* beginning(kept, hydrated)
  const after = Progress.lowest(following.map(({ position }) => position))
  const all = Progress.make(after)
  const short = Progress.make(after)
  const turns = yield* Semaphore.make(1)
  let failing = false
  const apply = (to: ReadonlyArray<Follower>, events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
    Effect.gen(function* () {
      const last = Array.lastNonEmpty(events).position
      for (const one of to) {
        const news = Rows.newsFor(one.rows, one.position, events)
        if (Array.isReadonlyArrayNonEmpty(news)) yield* take(one, news, last)
        if (one.position === undefined || one.position < last) one.position = last
      }
      return last
    }).pipe(turns.withPermits(1))
  const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
    Effect.gen(function* () {
      const last = yield* Effect.onError(apply(following, events), () =>
        Effect.sync(() => {
          failing = true
        })
      )
      failing = false
      yield* Effect.andThen(short.advance(last), all.advance(last))
      if (events.length >= manyEvents) yield* Effect.yieldNow // requests go on
    })
  const stands = () => failing || following.some(({ lost }) => lost === true)
  yield* Effect.forkScoped(Subscription.follow({ name: "views in memory", categories, after, handle }))
  yield* Effect.forkScoped(headStart(following.filter(isShort), after, apply, short.advance, all.reached))
  const count = Effect.forEach(kept, ({ memory }) => memory.recount?.(sql) ?? Effect.void, { discard: true })
  yield* Effect.forkScoped(Effect.repeat(Effect.ignore(count), Schedule.spaced(recount)))
  return { position: all.position, reached: short.reached, counted: all.reached, stands }
})
