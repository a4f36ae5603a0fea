import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { categoryOf, EventId, StreamId, type SubjectId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Report } from "#domain/region/Report.ts"
import { Told } from "#domain/region/Told.ts"
import type { RowsView } from "../views/RowsView.ts"
import * as OwnTold from "./OwnTold.ts"

/** What one region has of a message or fact, as one event says it. */
export interface Piece {
  /** The event's id in that region. */
  readonly event: EventId
  readonly region: string
  readonly told: Told
  /** Where it stands in the home's log. */
  readonly stream: StreamId
}

/** How far a region has been taken in. */
export const Reached = Schema.Struct({ region: Schema.String, time: Instant })
export type Reached = typeof Reached.Type

const Row = Schema.Struct({
  event: EventId,
  region: Schema.String,
  told: Schema.fromJsonString(Told),
  stream: StreamId
})
const decodeRows = Schema.decodeUnknownSync(Schema.Array(Row))
const decodeReached = Schema.decodeUnknownSync(Schema.Array(Reached))
const decodeEntries = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ id: Schema.String, at: Instant })))

const pieceOf = (recorded: RecordedEvent): Piece => {
  const { eventId: event, metadata, stream } = recorded
  if (categoryOf(stream) !== Report.category) {
    return { event, region: metadata.region, told: OwnTold.toldOf(recorded), stream }
  }
  const { data } = Report.read(recorded)
  return { event: data.event, region: data.region, told: data.told, stream }
}

const apply = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, recorded: RecordedEvent) {
  const { event, region, stream, told } = pieceOf(recorded)
  const { at, id, names, target } = told
  yield* sql`INSERT INTO conversation_events ${sql.insert({
    position: recorded.position,
    event,
    region,
    id,
    target: target ?? null,
    told: JSON.stringify(told),
    stream
  })} ON CONFLICT (position) DO NOTHING`
  for (const name of target === undefined ? names : []) {
    yield* sql`INSERT INTO conversation_people ${sql.insert({ name, id, at })}
      ON CONFLICT (name, id) DO UPDATE SET at = excluded.at WHERE excluded.at < conversation_people.at`
  }
  for (const [name, other] of names.flatMap((name) => names.map((other) => [name, other] as const))) {
    if (name === other) continue
    yield* sql`INSERT INTO conversation_names ${sql.insert({ name, other })} ON CONFLICT (name, other) DO NOTHING`
  }
  if (categoryOf(stream) !== Report.category) return
  const { time } = Report.read(recorded).data
  yield* sql`INSERT INTO conversation_regions ${sql.insert({ region, time })}
    ON CONFLICT (region) DO UPDATE SET time = excluded.time WHERE excluded.time > conversation_regions.time`
})

/** Whatever regions and the home itself tell of conversations, to be joined as it is read. Nothing personal stands here. */
export const view: RowsView = {
  name: "conversations",
  version: 1,
  categories: [Report.category, ...OwnTold.categories],
  tables: [
    { name: "conversation_events", filledBy: "region.reported" },
    { name: "conversation_regions", filledBy: "region.reported" },
    { name: "conversation_people", filledBy: "message.queued" },
    { name: "conversation_names", filledBy: "setup" }
  ],
  setup: Effect.fnUntraced(function* (sql) {
    // only under this name is SQLite's key the row's own number
    const key = sql.literal(sql.onDialectOrElse({ pg: () => "BIGINT", orElse: () => "INTEGER" }))
    yield* sql`CREATE TABLE conversation_events (
      position ${key} PRIMARY KEY, event TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, target TEXT,
      told TEXT NOT NULL, stream TEXT NOT NULL)`
    yield* sql`CREATE INDEX conversation_events_by_id ON conversation_events (id)`
    yield* sql`CREATE INDEX conversation_events_by_target ON conversation_events (target) WHERE target IS NOT NULL`
    yield* sql`CREATE TABLE conversation_people (
      name TEXT NOT NULL, id TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (name, id))`
    yield* sql`CREATE INDEX conversation_people_by_time ON conversation_people (name, at, id)`
    yield* sql`CREATE TABLE conversation_names (
      name TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (name, other))`
    yield* sql`INSERT INTO conversation_names (name, other) VALUES ('', '')` // never empty, also where all have one name
    yield* sql`CREATE TABLE conversation_regions (region TEXT PRIMARY KEY, time TEXT NOT NULL)`
  }),
  writer: () => ({
    apply: (sql, events) => Effect.forEach(events, (event) => apply(sql, event), { discard: true })
  })
}

/** Newest first: by the source's time, then by id. */
export interface Place {
  readonly at: Instant
  readonly id: string
}

/** More names than that nobody has. */
const mostNames = 32

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  /** Every name by which this one is known, through whatever others. */
  namesOf: Effect.fnUntraced(function* (name: SubjectId) {
    const known = new Set<string>([name])
    for (let fresh = [...known]; fresh.length > 0 && known.size < mostNames; ) {
      const found = yield* sql<{ readonly other: string }>`SELECT other FROM conversation_names
        WHERE ${sql.in("name", fresh)} ORDER BY other LIMIT ${mostNames}`
      fresh = [...new Set(found.map(({ other }) => other))].filter((other) => !known.has(other))
      for (const other of fresh) known.add(other)
    }
    return known
  }),

  /** What stands in the conversation by itself, those before `before`. */
  entries: (names: ReadonlySet<string>, before: Place | undefined, limit: number) => {
    const behind =
      before === undefined ? sql`1 = 1` : sql`(at < ${before.at} OR (at = ${before.at} AND id < ${before.id}))`
    return Effect.map(
      sql`SELECT id, MIN(at) AS at FROM conversation_people WHERE ${sql.in("name", [...names])} AND ${behind}
        GROUP BY id ORDER BY MIN(at) DESC, id DESC LIMIT ${limit}`,
      decodeEntries
    )
  },

  /** All that was told of these. */
  piecesOf: (ids: ReadonlyArray<string>) =>
    Array.isReadonlyArrayNonEmpty(ids)
      ? Effect.map(
          sql`SELECT event, region, told, stream FROM conversation_events WHERE ${sql.in("id", ids)}
            ORDER BY conversation_events.position`,
          decodeRows
        )
      : Effect.succeed([]),

  /** All that was told about what is called so. */
  piecesAbout: (called: ReadonlyArray<string>) =>
    Array.isReadonlyArrayNonEmpty(called)
      ? Effect.map(
          sql`SELECT event, region, told, stream FROM conversation_events WHERE ${sql.in("target", called)}
            ORDER BY conversation_events.position`,
          decodeRows
        )
      : Effect.succeed([]),

  reached: Effect.map(sql`SELECT region, time FROM conversation_regions ORDER BY region`, decodeReached)
}))
