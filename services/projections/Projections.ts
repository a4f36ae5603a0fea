import { Array, Deferred, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { categoryOf } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { creating } from "../runtime/Tables.ts"
import { type View, Views } from "./View.ts"

/** Every category in the log: the runner passes all events, so its checkpoint is where the views stand. */
const categories = ["message", "device", "client", "store"]

/** After each page: under load, pages grow and a message's first two events share one row's write. */
const rest = "50 millis"

interface Progress {
  readonly view: View
  position: bigint | undefined
}

/** Runs the views: each array of events in one transaction, rows and checkpoints together. */
export const layer = (views: ReadonlyArray<View>) =>
  Layer.effect(
    Views,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* creating(
        sql,
        sql`CREATE TABLE IF NOT EXISTS checkpoints (
          view_name TEXT PRIMARY KEY, view_version INTEGER NOT NULL, position TEXT)`
      )

      const resume = Effect.fnUntraced(function* (view: View) {
        const [row] = yield* sql<{ readonly view_version: number; readonly position: string | null }>`
          SELECT view_version, position FROM checkpoints WHERE view_name = ${view.name}`
        if (row?.view_version !== view.version) {
          for (const table of view.tables) yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
          yield* view.setup(sql)
          yield* sql`INSERT INTO checkpoints (view_name, view_version, position)
            VALUES (${view.name}, ${view.version}, NULL)
            ON CONFLICT (view_name) DO UPDATE SET view_version = excluded.view_version, position = NULL`
        }
        const position = row?.view_version === view.version ? row.position : null
        const progress: Progress = { view, position: position === null ? undefined : BigInt(position) }
        return progress
      }, sql.withTransaction)
      const progress = yield* Effect.forEach(views, resume)
      for (const { view } of progress) if (view.hydrate) yield* view.hydrate(sql)

      const behind = lowest(progress.map((one) => one.position))
      let position = behind
      const waiting = new Set<{ readonly until: bigint; readonly done: Deferred.Deferred<void> }>()

      const newsFor = ({ position, view }: Progress, events: ReadonlyArray<RecordedEvent>) =>
        events.filter(
          (event) =>
            (position === undefined || event.position > position) && view.categories.includes(categoryOf(event.stream))
        )

      const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
        const last = Array.lastNonEmpty(events).position
        const pages = progress.map((one) => ({ ...one, news: newsFor(one, events) }))
        yield* Effect.gen(function* () {
          for (const { news, view } of pages) if (Array.isReadonlyArrayNonEmpty(news)) yield* view.apply(sql, news)
          const moved = progress.filter((one) => one.position === undefined || one.position < last)
          yield* sql`UPDATE checkpoints SET position = ${String(last)}
            WHERE ${sql.in(
              "view_name",
              moved.map(({ view }) => view.name)
            )}`
        }).pipe(sql.withTransaction)
        position = last
        for (const one of progress) if (one.position === undefined || one.position < last) one.position = last
        for (const { news, view } of pages) if (Array.isReadonlyArrayNonEmpty(news)) view.applied?.(news)
        for (const one of waiting) {
          if (one.until > last) continue
          waiting.delete(one)
          yield* Deferred.succeed(one.done, undefined)
        }
        yield* Effect.sleep(rest)
      })
      yield* Effect.forkScoped(Subscription.follow({ name: "views", categories, after: behind, handle }))

      return {
        position: Effect.sync(() => position),
        reached: (until) =>
          Effect.suspend(() => {
            if (position !== undefined && position >= until) return Effect.void
            const done = Deferred.makeUnsafe<void>()
            const one = { until, done }
            waiting.add(one)
            return Effect.ensuring(
              Deferred.await(done),
              Effect.sync(() => waiting.delete(one))
            )
          })
      }
    })
  )

/** Where the one furthest behind stands. */
const lowest = (positions: ReadonlyArray<bigint | undefined>): bigint | undefined => {
  if (positions.includes(undefined)) return undefined
  return (positions as ReadonlyArray<bigint>).reduce((a, b) => (b < a ? b : a))
}
