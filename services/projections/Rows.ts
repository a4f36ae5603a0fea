import { Array, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { categoryOf } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { creating } from "../runtime/Tables.ts"
import { lowest } from "./Progress.ts"
import type { View } from "./View.ts"

/** Every category in the log: the views are given all events, so their checkpoint is where they stand. */
export const categories = ["message", "device", "client", "store"]

export interface Checkpoint {
  readonly view_name: string
  readonly view_version: number
  readonly position: string | null
}

/** Up to where the rows stand; `undefined`: nothing was written yet. */
export const positionOf = (checkpoint: Checkpoint | undefined): bigint | undefined => {
  const position = checkpoint?.position ?? null
  return position === null ? undefined : BigInt(position)
}

export const createCheckpoints = (sql: SqlClient.SqlClient) =>
  creating(
    sql,
    sql`CREATE TABLE IF NOT EXISTS checkpoints (
      view_name TEXT PRIMARY KEY, view_version INTEGER NOT NULL, position TEXT)`
  )

/** The events after `position` that concern the view. */
export const newsFor = (view: View, position: bigint | undefined, events: ReadonlyArray<RecordedEvent>) =>
  events.filter(
    (event) =>
      (position === undefined || event.position > position) && view.categories.includes(categoryOf(event.stream))
  )

/** How far a view has come. */
export interface ViewProgress {
  readonly view: View
  position: bigint | undefined
}

/**
 * Writes the views' rows: each array of events in one transaction, rows and checkpoints together. `transact` opens the
 * transaction: it may refuse one that this process has no right to any more.
 */
export const open = <E>(
  views: ReadonlyArray<View>,
  transact: <A>(work: Effect.Effect<A, SqlError.SqlError>) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient

    const resume = Effect.fnUntraced(function* (view: View) {
      const [row] = yield* sql<Checkpoint>`SELECT * FROM checkpoints WHERE view_name = ${view.name}`
      if (row?.view_version !== view.version) {
        for (const table of view.tables) yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
        yield* view.setup(sql)
        yield* sql`INSERT INTO checkpoints (view_name, view_version, position)
          VALUES (${view.name}, ${view.version}, NULL)
          ON CONFLICT (view_name) DO UPDATE SET view_version = excluded.view_version, position = NULL`
      }
      const progress: ViewProgress = {
        view,
        position: row?.view_version === view.version ? positionOf(row) : undefined
      }
      return progress
    })
    const progress = yield* Effect.forEach(views, (view) => transact(resume(view)))

    return {
      /** Where the view that is furthest behind stands. */
      behind: lowest(progress.map(({ position }) => position)),

      write: Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
        const last = Array.lastNonEmpty(events).position
        const pages = progress.map(({ position, view }) => ({ view, news: newsFor(view, position, events) }))
        yield* transact(
          Effect.gen(function* () {
            for (const { news, view } of pages) if (Array.isReadonlyArrayNonEmpty(news)) yield* view.apply(sql, news)
            const moved = progress.filter((one) => one.position === undefined || one.position < last)
            yield* sql`UPDATE checkpoints SET position = ${String(last)}
              WHERE ${sql.in(
                "view_name",
                moved.map(({ view }) => view.name)
              )}`
          })
        )
        for (const one of progress) if (one.position === undefined || one.position < last) one.position = last
        for (const { news, view } of pages) if (Array.isReadonlyArrayNonEmpty(news)) view.applied?.()
      })
    }
  })
