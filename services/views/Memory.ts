import { Array, Clock, Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Subscription from "../runtime/Subscription.ts"
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
type Follower = Kept & { position: bigint | undefined }

/** Rows that say what they cannot say. The decoder's own words may quote them. */
const unreadable = { unreadable: true } as const

/** Rows and checkpoints of one moment; `undefined` while the rows are not those of this release. */
const read = (sql: SqlClient.SqlClient, kept: ReadonlyArray<Kept>) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.onDialectOrElse({
        pg: () => sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`,
        orElse: () => Effect.void
      })
      const checkpoints = yield* sql<Rows.Checkpoint>`SELECT * FROM checkpoints`
      const found = kept.flatMap((one): ReadonlyArray<Follower> => {
        const checkpoint = Rows.checkpointOf(one.rows, checkpoints)
        return checkpoint === undefined ? [] : [{ ...one, position: Rows.positionOf(checkpoint) }]
      })
      if (found.length < kept.length) return undefined
      return yield* Effect.forEach(found, (one) =>
        Effect.catchDefect(Effect.as(one.memory.hydrate(sql), one), () => Effect.succeed({ ...one, ...unreadable }))
      )
    })
  )

/** The same, and what cannot be read is made anew: of that, what is in memory begins with the log. */
export const hydrate = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, kept: ReadonlyArray<Kept>) {
  const found = yield* read(sql, kept)
  if (found === undefined) return undefined
  return yield* Effect.forEach(found, (one) =>
    "unreadable" in one
      ? Effect.as(Rows.remake(sql, one.rows, "a row cannot be read"), { ...one, position: undefined })
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
  apply: (to: ReadonlyArray<Follower>, events: Array.NonEmptyReadonlyArray<RecordedEvent>) => void,
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
    handle: (events) => Effect.sync(() => apply(short, events))
  }).pipe(Effect.raceFirst(reached(head)))
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
  const apply = (to: ReadonlyArray<Follower>, events: Array.NonEmptyReadonlyArray<RecordedEvent>) => {
    const last = Array.lastNonEmpty(events).position
    for (const one of to) {
      const news = Rows.newsFor(one.rows, one.position, events)
      if (Array.isReadonlyArrayNonEmpty(news)) one.memory.follow(news)
      if (one.position === undefined || one.position < last) one.position = last
    }
    return last
  }
  const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
    Effect.suspend(() => {
      const last = apply(following, events)
      const advanced = Effect.andThen(short.advance(last), all.advance(last))
      return events.length < manyEvents ? advanced : Effect.andThen(advanced, Effect.yieldNow) // requests go on
    })
  yield* Effect.forkScoped(Subscription.follow({ name: "views in memory", categories, after, handle }))
  yield* Effect.forkScoped(headStart(following.filter(isShort), after, apply, short.advance, all.reached))
  const count = Effect.forEach(kept, ({ memory }) => memory.recount?.(sql) ?? Effect.void, { discard: true })
  yield* Effect.forkScoped(Effect.repeat(Effect.ignore(count), Schedule.spaced(recount)))
  return { position: all.position, reached: short.reached, counted: all.reached }
})
