import { Array, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { isReleased } from "#domain/Aggregates.ts"
import { categoryOf } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import { checkpoints } from "../tables/Positions.ts"
import { open as openTable } from "../tables/Tables.ts"
import { lowest } from "./Progress.ts"
import type { RowsView } from "./RowsView.ts"

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

/** Of the rows of this release; `undefined` while they are not there. */
export const checkpointOf = ({ name, version }: RowsView, checkpoints: ReadonlyArray<Checkpoint>) =>
  checkpoints.find((one) => one.view_name === name && one.view_version === version)

export const createCheckpoints = (sql: SqlClient.SqlClient) => openTable(sql, checkpoints)

/** The events after `position` that concern the view. What a newer release has stored is for that one's views. */
export const newsFor = (view: RowsView, position: bigint | undefined, events: ReadonlyArray<RecordedEvent>) =>
  events.filter(
    (event) =>
      (position === undefined || event.position > position) &&
      view.categories.includes(categoryOf(event.stream)) &&
      isReleased(event)
  )

/**
 * Writes the views' rows: each array of events in one transaction, rows and checkpoints together. A checkpoint moves only
 * from where it was read or left: else the rows are not those that the events belong to. `transact` opens the transaction:
 * it may refuse one that this process has no right to any more.
 */
export const open = <E>(
  views: ReadonlyArray<RowsView>,
  transact: <A, E2 extends SqlError.SqlError | CheckpointMoved>(work: Effect.Effect<A, E2>) => Effect.Effect<A, E | E2>
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient

    const resume = Effect.fnUntraced(function* (view: RowsView) {
      const [row] = yield* sql<Checkpoint>`SELECT * FROM checkpoints WHERE view_name = ${view.name}`
      if (row?.view_version !== view.version) {
        for (const table of view.tables) yield* sql`DROP TABLE IF EXISTS ${sql(table)}`
        yield* view.setup(sql)
        yield* sql`INSERT INTO checkpoints (view_name, view_version, position)
          VALUES (${view.name}, ${view.version}, NULL)
          ON CONFLICT (view_name) DO UPDATE SET view_version = excluded.view_version, position = NULL`
      }
      const position = row?.view_version === view.version ? positionOf(row) : undefined
      return { view, writer: view.writer(), position }
    })
    const progress = yield* Effect.forEach(views, (view) => transact(resume(view)))

    const move = Effect.fnUntraced(function* (to: bigint) {
      for (const [from, together] of Map.groupBy(progress, ({ position }) => position)) {
        const names = together.map(
          ({ view: { name, version } }) => sql`(view_name = ${name} AND view_version = ${version})`
        )
        const moved = yield* sql`UPDATE checkpoints SET position = ${String(furthest(from, to))}
          WHERE ${sql.or(names)} AND position IS NOT DISTINCT FROM ${from === undefined ? null : String(from)}
          RETURNING view_name`
        if (moved.length < together.length) return yield* new CheckpointMoved()
      }
    })

    return {
      /** Where the view that is furthest behind stands. */
      behind: lowest(progress.map(({ position }) => position)),

      write: Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
        const last = Array.lastNonEmpty(events).position
        const pages = progress.flatMap(({ position, view, writer }) => {
          const news = newsFor(view, position, events)
          return Array.isReadonlyArrayNonEmpty(news) ? [{ writer, news }] : []
        })
        yield* transact(
          Effect.gen(function* () {
            yield* move(last)
            for (const { news, writer } of pages) yield* writer.apply(sql, news)
          })
        )
        for (const one of progress) one.position = furthest(one.position, last)
        for (const { writer } of pages) writer.applied?.()
      })
    }
  })

const furthest = (one: bigint | undefined, other: bigint) => (one === undefined || one < other ? other : one)
