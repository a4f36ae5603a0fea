import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { defaultTenant, ErasureId, SubjectId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Erasure } from "#domain/privacy/Erasure.ts"
import { Actor, type RecordedEvent } from "#domain/Recorded.ts"
import type { RowsView } from "../views/RowsView.ts"

/** An erasure as its stream tells it. Whose it is, stands there as keyed digests. */
const Record = Schema.Struct({
  id: ErasureId,
  tenant: TenantId,
  state: Schema.Literals(["requested", "running", "done"]),
  cause: Schema.String,
  /** Who asked for it. */
  by: Actor,
  names: Schema.Array(SubjectId),
  keys: Schema.Natural,
  requests: Schema.Natural,
  texts: Schema.Natural,
  left: Schema.Array(Schema.Struct({ place: Schema.String, until: Schema.optionalKey(Instant) })),
  requestedAt: Instant,
  doneAt: Schema.NullOr(Instant)
})
export type ErasureRecord = typeof Record.Type

/** What an event makes of it; `undefined` where its first one is missing. */
const evolve = (before: ErasureRecord | undefined, event: RecordedEvent): ErasureRecord | undefined => {
  const { data, type } = Erasure.read(event)
  if (type === "erasure.requested") {
    const { actor: by, occurredAt: requestedAt, tenant } = event.metadata
    const nothing = { keys: 0, requests: 0, texts: 0, left: [], doneAt: null }
    const id = Erasure.idOf(event.stream)
    return { id, tenant, state: "requested", cause: data.cause, by, names: [data.subject], ...nothing, requestedAt }
  }
  if (before === undefined) return undefined
  if (type === "erasure.gathered") return { ...before, ...data, state: "running" }
  const { at: doneAt, ...counted } = data
  return { ...before, ...counted, state: "done", doneAt }
}

/** Of its stream, whole; `undefined` where there is none. */
export const folded = (events: ReadonlyArray<RecordedEvent>) => events.reduce(evolve, undefined)

const Row = Schema.Struct({ position: Schema.BigIntFromString, record: Schema.fromJsonString(Record) })
export type ErasureRow = typeof Row.Type
const decode = Schema.decodeUnknownSync(Schema.Array(Row))
const columns = "CAST(position AS TEXT) AS position, record"

/** A row for each erasure. */
export const view: RowsView = {
  name: "erasures",
  version: 1,
  categories: [Erasure.category],
  tables: [{ name: "erasures", filledBy: "erasure.requested" }],
  setup: Effect.fnUntraced(function* (sql) {
    yield* sql`CREATE TABLE erasures (
      id TEXT PRIMARY KEY, position BIGINT NOT NULL, tenant TEXT NOT NULL, open INTEGER NOT NULL, record TEXT NOT NULL)`
    yield* sql`CREATE INDEX erasures_order ON erasures (position)`
    yield* sql`CREATE INDEX erasures_open ON erasures (position) WHERE open = 1`
  }),
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      for (const event of events) {
        const id = Erasure.idOf(event.stream)
        const [before] = decode(yield* sql`SELECT ${sql.literal(columns)} FROM erasures WHERE id = ${id}`)
        const record = evolve(before?.record, event)
        if (record === undefined) continue
        const open = record.state === "done" ? 0 : 1
        yield* sql`INSERT INTO erasures (id, position, tenant, open, record)
          VALUES (${id}, ${event.position}, ${record.tenant}, ${open}, ${JSON.stringify(record)})
          ON CONFLICT (id) DO UPDATE SET open = excluded.open, record = excluded.record`
      }
    })
  })
}

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  /** Newest first, those before `after`. */
  list: ({ after, limit }: { readonly after: bigint | undefined; readonly limit: number }) =>
    Effect.map(
      sql`SELECT ${sql.literal(columns)} FROM erasures WHERE tenant = ${defaultTenant}
        AND ${after === undefined ? sql`1 = 1` : sql`erasures.position < ${after}`}
        ORDER BY erasures.position DESC LIMIT ${limit}`,
      decode
    ),

  find: (id: ErasureId) =>
    Effect.map(sql`SELECT ${sql.literal(columns)} FROM erasures WHERE id = ${id}`, (rows) => decode(rows)[0]),

  /** Those that are not done, oldest first, with the place of what asked for them. */
  open: Effect.map(sql`SELECT ${sql.literal(columns)} FROM erasures WHERE open = 1 ORDER BY erasures.position`, decode)
}))
