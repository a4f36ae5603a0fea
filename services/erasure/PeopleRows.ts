import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { BatchId, BlobId, categoryOf, SubjectId } from "#domain/Ids.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"
import type { RowsView } from "../views/RowsView.ts"

/** A row says nothing of anybody: it is there so that no table is ever empty. */
const nobody = ""

/** What a fact of Meta's or of a session source's says of whom it is with, if it is with anybody. */
const toldIn = (event: RecordedEvent) => {
  const { data } = categoryOf(event.stream) === MetaFact.category ? MetaFact.read(event) : SessionFact.read(event)
  const { batch, blob, person } = data
  return person === undefined ? undefined : { names: person.names, request: batch, text: blob }
}

const ofFact = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, event: RecordedEvent) {
  const told = toldIn(event)
  if (told === undefined) return
  const { names, request, text } = told
  for (const name of names) {
    // of a request that is destroyed by now nothing is left to be found
    yield* sql`INSERT INTO request_people (name, request)
      SELECT ${name}, id FROM raw_requests WHERE id = ${request} ON CONFLICT (name, request) DO NOTHING`
    if (text !== undefined) {
      yield* sql`INSERT INTO text_people ${sql.insert({ name, text })} ON CONFLICT (name, text) DO NOTHING`
    }
    for (const other of names) {
      if (other === name) continue
      yield* sql`INSERT INTO people_names ${sql.insert({ name, other })} ON CONFLICT (name, other) DO NOTHING`
    }
  }
})

const ofRequest = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, event: RecordedEvent) {
  const id = Batch.idOf(event.stream)
  const { type } = Batch.read(event)
  if (type === "batch.received") {
    yield* sql`INSERT INTO raw_requests ${sql.insert({ id, position: event.position, split: 0 })}
      ON CONFLICT (id) DO UPDATE SET position = excluded.position, split = 0`
  } else if (type === "batch.split") {
    yield* sql`UPDATE raw_requests SET split = 1 WHERE id = ${id}`
  } else {
    yield* sql`DELETE FROM raw_requests WHERE id = ${id}`
    yield* sql`DELETE FROM request_people WHERE request = ${id}`
  }
})

/**
 * Whom the raw bytes of requests are of that are still there, whose words stand in bytes of their own, and which names Meta
 * gave to one person: what an erasure has to find. Names are keyed digests.
 */
export const view: RowsView = {
  name: "people",
  version: 1,
  categories: [Batch.category, MetaFact.category, SessionFact.category],
  tables: [
    { name: "raw_requests", filledBy: "setup" },
    { name: "request_people", filledBy: "setup" },
    { name: "text_people", filledBy: "setup" },
    { name: "people_names", filledBy: "setup" }
  ],
  setup: Effect.fnUntraced(function* (sql) {
    yield* sql`CREATE TABLE raw_requests (id TEXT PRIMARY KEY, position BIGINT NOT NULL, split INTEGER NOT NULL)`
    yield* sql`CREATE INDEX raw_requests_whole ON raw_requests (position) WHERE split = 0`
    yield* sql`CREATE TABLE request_people (name TEXT NOT NULL, request TEXT NOT NULL, PRIMARY KEY (name, request))`
    yield* sql`CREATE INDEX request_people_by_request ON request_people (request)`
    yield* sql`CREATE TABLE text_people (name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (name, text))`
    yield* sql`CREATE TABLE people_names (name TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (name, other))`
    yield* sql`INSERT INTO raw_requests (id, position, split) VALUES (${nobody}, -1, 1)`
    yield* sql`INSERT INTO request_people (name, request) VALUES (${nobody}, ${nobody})`
    yield* sql`INSERT INTO text_people (name, text) VALUES (${nobody}, ${nobody})`
    yield* sql`INSERT INTO people_names (name, other) VALUES (${nobody}, ${nobody})`
  }),
  writer: () => ({
    apply: (sql, events) =>
      Effect.forEach(
        events,
        (event) => (categoryOf(event.stream) === Batch.category ? ofRequest(sql, event) : ofFact(sql, event)),
        { discard: true }
      )
  })
}

const decodeNames = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ other: SubjectId })))
const decodeRequests = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ request: BatchId })))
const decodeTexts = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ text: BlobId })))
const decodeCount = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ count: Schema.Natural })]))

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  /** What else Meta calls whoever has one of these names. */
  namesBeside: (names: ReadonlyArray<SubjectId>) =>
    Effect.map(sql`SELECT DISTINCT other FROM people_names WHERE ${sql.in("name", names)}`, (rows) =>
      decodeNames(rows).map(({ other }) => other)
    ),

  /** Requests that were taken apart, in which one of these is spoken of. */
  requestsOf: (names: ReadonlyArray<SubjectId>) =>
    Effect.map(
      sql`SELECT DISTINCT request FROM request_people JOIN raw_requests ON raw_requests.id = request
        WHERE ${sql.in("name", names)} AND split = 1`,
      (rows) => decodeRequests(rows).map(({ request }) => request)
    ),

  textsOf: (names: ReadonlyArray<SubjectId>) =>
    Effect.map(sql`SELECT DISTINCT text FROM text_people WHERE ${sql.in("name", names)}`, (rows) =>
      decodeTexts(rows).map(({ text }) => text)
    ),

  /** Whether raw bytes of any request that came up to there are still here. */
  isAnyRaw: (position: bigint) =>
    Effect.map(
      sql`SELECT id FROM raw_requests WHERE id <> ${nobody} AND raw_requests.position <= ${position} LIMIT 1`,
      (rows) => rows.length > 0
    ),

  /** How many that were received up to there are not taken apart yet: whom they are of nobody knows. */
  wholeUpTo: (position: bigint) =>
    Effect.map(
      sql`SELECT CAST(COUNT(*) AS INTEGER) AS count FROM raw_requests
        WHERE split = 0 AND raw_requests.position <= ${position}`,
      (rows) => decodeCount(rows)[0].count
    )
}))
