import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import type { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { RowsView, RowsWriter } from "../views/RowsView.ts"

/**
 * Where in the log which time is: a staircase. A row says that up to its time the log had come at least as far as its place,
 * and, as long as no clock was set back behind it, that what comes after is of later. Its steps rise in both.
 */

type Step = {
  readonly at: string
  readonly position: bigint
}

/** Before all that was ever recorded. */
export const bottom: Step = { at: "", position: 0n }

/** One in so many events begins a step within its minute, by its random name: rows made anew are the same. */
const isNamedForStep = ({ eventId }: RecordedEvent) => eventId.endsWith("00")

const minuteOf = (at: string) => at.slice(0, "2026-11-30T12:34".length)

/** What the events make of the staircase: down to where it is cut off, and the steps that come then. */
const climb = (top: Step, events: ReadonlyArray<RecordedEvent>) => {
  let cut: string | undefined
  let steps: ReadonlyArray<Step> = []
  for (const event of events) {
    const step = { at: event.metadata.occurredAt, position: event.position }
    const last = steps.at(-1) ?? top
    if (step.at > last.at && minuteOf(step.at) === minuteOf(last.at) && !isNamedForStep(event)) continue
    if (step.at <= last.at) {
      steps = steps.filter(({ at }) => at < step.at)
      if (step.at <= top.at && (cut === undefined || step.at < cut)) cut = step.at
    }
    steps = [...steps, step]
  }
  return { cut, steps }
}

const Row = Schema.Struct({ at: Schema.String, position: Schema.BigIntFromString })
const decode = Schema.decodeUnknownSync(Schema.Array(Row))
const columns = "at, CAST(position AS TEXT) AS position"
const rowsAtOnce = 32

const writer = (): RowsWriter => {
  let top: Step | undefined
  let next: Step | undefined
  return {
    apply: Effect.fnUntraced(function* (sql, events) {
      const [found] =
        top === undefined
          ? decode(yield* sql`SELECT ${sql.literal(columns)} FROM moments ORDER BY at DESC LIMIT 1`)
          : [top]
      const { cut, steps } = climb(found ?? bottom, events)
      if (cut !== undefined) yield* sql`DELETE FROM moments WHERE at >= ${cut}`
      for (const some of Array.chunksOf(steps, rowsAtOnce)) yield* sql`INSERT INTO moments ${sql.insert(some)}`
      next = steps.at(-1) ?? found ?? bottom
    }),
    applied: () => {
      top = next
    }
  }
}

export const view: RowsView = {
  name: "moments",
  version: 1,
  categories: categories as Array.NonEmptyReadonlyArray<string>,
  tables: [{ name: "moments", filledBy: "setup" }],
  setup: Effect.fnUntraced(function* (sql) {
    const clustered = sql.literal(sql.onDialectOrElse({ pg: () => "", orElse: () => " WITHOUT ROWID" }))
    const bytewise = sql.literal(sql.onDialectOrElse({ pg: () => ' COLLATE "C"', orElse: () => "" }))
    yield* sql`CREATE TABLE moments (at TEXT${bytewise} PRIMARY KEY, position BIGINT NOT NULL)${clustered}`
    yield* sql`INSERT INTO moments ${sql.insert(bottom)}`
  }),
  writer
}

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  /** Between which places the last event that was recorded by then stands: at the first or behind it, and at or before the second. */
  around: Effect.fnUntraced(function* (at: Instant) {
    const [before] = decode(
      yield* sql`SELECT ${sql.literal(columns)} FROM moments WHERE at <= ${at} ORDER BY at DESC LIMIT 1`
    )
    const [after] = decode(yield* sql`SELECT ${sql.literal(columns)} FROM moments WHERE at > ${at} ORDER BY at LIMIT 1`)
    return { from: before?.position ?? bottom.position, to: after?.position }
  })
}))
