import { Array, Effect, Option, Schema, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { categoryOfEvent, isReleased } from "#domain/Aggregates.ts"
import { categoryOf, StreamId } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import { LogElsewhere } from "../runtime/Freshness.ts"
import { pastOf } from "../runtime/Past.ts"
import { Home } from "../tables/Home.ts"
import { checkpoints, rowOf } from "../tables/Positions.ts"
import { lack } from "../tables/Shape.ts"
import { alone, open as openTable } from "../tables/Tables.ts"
import { BeginningMissing } from "./BeginningMissing.ts"
import { lowest } from "./Progress.ts"
import type { RowsTable, RowsView } from "./RowsView.ts"
import { isSealed, reweighed, Seals } from "./Seals.ts"

export interface Checkpoint {
  readonly view_name: string
  readonly view_version: number
  readonly position: string | null
  readonly seal: string | null
}

/** Up to where the rows stand; `undefined`: nothing was written yet. */
export const positionOf = (checkpoint: Checkpoint | undefined): bigint | undefined => {
  const position = checkpoint?.position ?? null
  return position === null ? undefined : BigInt(position)
}

/** Of rows that this release can read; `undefined` while they are not there. */
export const checkpointOf = ({ name, readableFrom, version }: RowsView, checkpoints: ReadonlyArray<Checkpoint>) =>
  checkpoints.find(
    ({ view_name, view_version: stands }) =>
      view_name === name && stands >= (readableFrom ?? version) && stands <= version
  )

/** A view in the version that its rows are of, if they can be read. */
export const asItStands = (view: RowsView, checkpoints: ReadonlyArray<Checkpoint>): RowsView => {
  const checkpoint = checkpointOf(view, checkpoints)
  return checkpoint === undefined ? view : { ...view, version: checkpoint.view_version }
}

export const createCheckpoints = (sql: SqlClient.SqlClient) => openTable(sql, checkpoints)

/** Why rows that decide something are not believed, if so. */
export const forgery = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, view: RowsView, checkpoint: Checkpoint) {
  if (!isSealed(view)) return undefined
  const { seal, weigh } = yield* Seals
  const stand = { position: positionOf(checkpoint), weight: yield* weigh(sql, view) }
  return seal({ ...view, version: checkpoint.view_version }, stand) === checkpoint.seal
    ? undefined
    : "a row was changed, added or taken away"
})

/** Drops what there is of a view's rows, and begins them again. */
const begin = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, view: RowsView) {
  const { seal } = yield* Seals
  for (const { name } of view.tables) yield* sql`DROP TABLE IF EXISTS ${sql(name)}`
  yield* view.setup(sql)
  const empty = isSealed(view) ? seal(view, { position: undefined, weight: 0n }) : null
  yield* sql`INSERT INTO checkpoints (view_name, view_version, position, seal)
    VALUES (${view.name}, ${view.version}, NULL, ${empty})
    ON CONFLICT (view_name) DO UPDATE SET view_version = excluded.view_version, position = NULL, seal = excluded.seal,
      event = NULL, event_position = NULL`
})

/**
 * Has rows that are not what was written made anew, and says so: everything in them follows from the log. In a transaction
 * of the caller's.
 */
export const remake = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, view: RowsView, problem: string) {
  const { name: place } = yield* Home
  yield* Effect.logWarning("rows are not what was written; they are made anew from the log", {
    view: view.name,
    place,
    problem
  })
  yield* begin(sql, view)
})

const isOf = (type: string) => (event: RecordedEvent) => event.type.startsWith(`${type}.v`) && isReleased(event)

/** Whether it is an event that writes a row of the table. */
export const fills = ({ filledBy }: RowsTable, event: RecordedEvent) => isOf(filledBy)(event)

/** Of a log in this process alone: a server's cannot be asked that fast. */
const wasEmptied = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, table: RowsTable, upTo: bigint | undefined) {
  const { emptiedBy, filledBy, name } = table
  const [first] = yield* sql`SELECT 1 FROM ${sql(name)} LIMIT 1`
  if (first !== undefined) return false
  if (filledBy === "setup") return true
  if (upTo === undefined || (yield* LogElsewhere)) return false
  const category = categoryOfEvent(filledBy)
  if (category === undefined) return false
  const past = pastOf([category], upTo)
  if (emptiedBy === undefined) return Option.isSome(yield* Stream.runHead(Stream.filter(past, isOf(filledBy))))
  const left = (rows: number, event: RecordedEvent) =>
    rows + Number(isOf(filledBy)(event)) - Number(isOf(emptiedBy)(event))
  return (yield* Stream.runFold(past, () => 0, left)) > 0
})

/**
 * Rows that are said to hold nothing, or to stand elsewhere than at their event: what comes next would be written to them
 * twice, or never. In one statement, since another process may be writing them.
 */
const isMisplaced = (sql: SqlClient.SqlClient, { name, tables, version }: RowsView) => {
  const filled = tables.flatMap((table) =>
    table.filledBy === "setup" ? [] : [sql`EXISTS (SELECT 1 FROM ${sql(table.name)})`]
  )
  const holdsRows = filled.length === 0 ? sql`FALSE` : sql.or(filled)
  return Effect.map(
    sql`SELECT 1 FROM checkpoints WHERE view_name = ${name} AND view_version = ${version}
      AND ((event_position IS NOT NULL AND event_position IS DISTINCT FROM position)
        OR (event_position IS NULL AND position IS NULL AND ${holdsRows}))`,
    (found) => found.length > 0
  )
}

/**
 * Makes those rows of this release anew that lack a column, a key or an index, their place in the log, or all that was
 * written.
 */
export const mend = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, views: ReadonlyArray<RowsView>) {
  const checkpoints = yield* sql<Checkpoint>`SELECT * FROM checkpoints`
  for (const view of views) {
    const checkpoint = checkpointOf(view, checkpoints)
    if (checkpoint === undefined) continue
    const names = view.tables.map(({ name }) => name)
    const lacking = yield* lack(sql, view.setup, names)
    if (lacking !== undefined) {
      yield* alone(sql, remake(sql, view, `${lacking.table} lacks ${lacking.part}`))
      continue
    }
    if (yield* isMisplaced(sql, view)) {
      yield* alone(sql, remake(sql, view, "their place in the log is not theirs"))
      continue
    }
    for (const table of view.tables) {
      if (!(yield* wasEmptied(sql, table, positionOf(checkpoint)))) continue
      yield* alone(sql, remake(sql, view, `${table.name} was emptied`))
      break
    }
  }
})

/** The events after `position` that concern the view. What a newer release has stored is for that one's views. */
export const newsFor = (view: RowsView, position: bigint | undefined, events: ReadonlyArray<RecordedEvent>) =>
  events.filter(
    (event) =>
      (position === undefined || event.position > position) &&
      view.categories.includes(categoryOf(event.stream)) &&
      (view.unreleased === true || isReleased(event))
  )

/** The rows do not hold what an event goes on from. */
export class RowLost extends Schema.TaggedError<RowLost>()("RowLost", {
  view: Schema.String,
  stream: StreamId,
  /** Up to where events were to be written. */
  upTo: Schema.BigInt,
  cause: Schema.Defect()
}) {}

/**
 * Writes the views' rows: each array of events in one transaction, rows and checkpoints together. A checkpoint moves only
 * from where it was read or left: else the rows are not those that the events belong to. `transact` opens the transaction:
 * it may refuse one that this process has no right to any more.
 */
export const open = <E>(
  views: ReadonlyArray<RowsView>,
  transact: <A, E2 extends SqlError.SqlError | CheckpointMoved | RowLost>(
    work: Effect.Effect<A, E2>
  ) => Effect.Effect<A, E | E2>
) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient

    const seals = yield* Seals

    const resume = Effect.fnUntraced(
      function* (view: RowsView) {
        const [row] = yield* sql<Checkpoint>`SELECT * FROM checkpoints WHERE view_name = ${view.name}`
        const isOurs = row?.view_version === view.version
        const problem = isOurs ? yield* forgery(sql, view, row) : undefined
        if (!isOurs) yield* begin(sql, view)
        if (problem !== undefined) yield* remake(sql, view, problem)
        const position = isOurs && problem === undefined ? positionOf(row) : undefined
        return { view, writer: view.writer(), position, weight: yield* seals.weigh(sql, view) }
      },
      Effect.provideService(Seals, seals)
    )
    const progress = yield* Effect.forEach(views, (view) => transact(resume(view)))
    type Followed = (typeof progress)[number]

    /** The seal of each of these at this place. */
    const sealsAt = (position: bigint, those: ReadonlyArray<Pick<Followed, "view" | "weight">>) => {
      const cases = those
        .filter(({ view }) => isSealed(view))
        .map(({ view, weight }) => sql`WHEN ${view.name} THEN ${seals.seal(view, { position, weight })}`)
      return cases.length === 0 ? sql`NULL` : sql`CASE view_name ${sql.join(" ", false)(cases)} END`
    }

    const move = Effect.fnUntraced(function* (to: RecordedEvent) {
      for (const [from, together] of Map.groupBy(progress, ({ position }) => position)) {
        const names = together.map(
          ({ view: { name, version } }) => sql`(view_name = ${name} AND view_version = ${version})`
        )
        if (from !== undefined && from >= to.position) continue
        const seal = sealsAt(to.position, together)
        const moved = yield* sql`UPDATE checkpoints SET ${sql.update(rowOf(to))}, seal = ${seal}
          WHERE ${sql.or(names)} AND position IS NOT DISTINCT FROM ${from === undefined ? null : String(from)}
          RETURNING view_name`
        if (moved.length < together.length) return yield* new CheckpointMoved()
      }
    })

    /** Answers what the rows weigh then. */
    const fill = Effect.fnUntraced(function* (
      { position, view, weight, writer }: Followed,
      news: Array.NonEmptyReadonlyArray<RecordedEvent>,
      upTo: bigint
    ) {
      const before = yield* seals.weigh(sql, view, news)
      yield* Effect.catchDefect(writer.apply(sql, news), (cause) =>
        cause instanceof BeginningMissing
          ? new RowLost({ view: view.name, stream: cause.stream, upTo, cause })
          : Effect.die(cause)
      )
      if (!isSealed(view)) return weight
      const after = reweighed(weight, before, yield* seals.weigh(sql, view, news))
      const seal = sealsAt(furthest(position, upTo), [{ view, weight: after }])
      yield* sql`UPDATE checkpoints SET seal = ${seal} WHERE view_name = ${view.name}`
      return after
    })

    return {
      /** Where the view that is furthest behind stands. */
      behind: lowest(progress.map(({ position }) => position)),

      write: Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
        const last = Array.lastNonEmpty(events)
        const pages = progress.flatMap((one) => {
          const news = newsFor(one.view, one.position, events)
          return Array.isReadonlyArrayNonEmpty(news) ? [{ one, news }] : []
        })
        const weights = yield* transact(
          Effect.andThen(
            move(last),
            Effect.forEach(pages, ({ news, one }) => fill(one, news, last.position))
          )
        )
        for (const [i, { one }] of pages.entries()) one.weight = weights[i]!
        for (const one of progress) one.position = furthest(one.position, last.position)
        for (const { one } of pages) one.writer.applied?.()
      })
    }
  })

/** The same in a database that nobody else writes, or knows yet. */
export const openAlone = Effect.fnUntraced(function* (views: ReadonlyArray<RowsView>) {
  const sql = yield* SqlClient.SqlClient
  yield* createCheckpoints(sql)
  return yield* open(views, (work) => sql.withTransaction(work))
})

const furthest = (one: bigint | undefined, other: bigint) => (one === undefined || one < other ? other : one)
