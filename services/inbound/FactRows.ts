import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DeviceId, defaultTenant, EventId, InboundId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Inbound, Received } from "#domain/inbound/Inbound.ts"
import { reader } from "../views/Readable.ts"
import type { RowsView } from "../views/RowsView.ts"
import { evolve, Said, type SealedFact } from "./FactDocument.ts"

const Row = Schema.Struct({
  /** A number cannot hold every position. In ORDER BY, `position` alone would be this text. */
  position: Schema.BigIntFromString,
  id: InboundId,
  tenant: TenantId,
  event: EventId,
  recorded_at: Instant,
  received: Schema.fromJsonString(Received),
  said: Schema.fromJsonString(Said)
})
const columns = "CAST(position AS TEXT) AS position, id, tenant, event, recorded_at, received, said"
const read = reader("inbound", Row)

const factOf = ({ position: _, recorded_at: recordedAt, ...row }: typeof Row.Type): SealedFact => ({
  ...row,
  recordedAt
})

const rowOf = (position: bigint, { event, id, received, recordedAt, said, tenant }: SealedFact) => ({
  position,
  id,
  tenant,
  device: received.source.device,
  event,
  recorded_at: recordedAt,
  received: JSON.stringify(received),
  said: JSON.stringify(said)
})

/** One row per fact, by the position of its first event. Personal data stays sealed. */
export const view: RowsView = {
  name: "inbound",
  version: 1,
  categories: [Inbound.category],
  tables: [{ name: "inbound", filledBy: "inbound.received" }],
  setup: Effect.fnUntraced(function* (sql) {
    // only under this name is SQLite's key the row's own number
    const key = sql.literal(sql.onDialectOrElse({ pg: () => "BIGINT", orElse: () => "INTEGER" }))
    yield* sql`CREATE TABLE inbound (
      position ${key} PRIMARY KEY, id TEXT NOT NULL, tenant TEXT NOT NULL, device TEXT NOT NULL, event TEXT NOT NULL,
      recorded_at TEXT NOT NULL, received TEXT NOT NULL, said TEXT NOT NULL)`
    // Ids are random: each takes a page of its own to write, the fewer of them the shorter what is indexed is.
    yield* sql`CREATE INDEX inbound_by_id ON inbound (substr(id, 1, 8))`
    yield* sql`CREATE INDEX inbound_by_device ON inbound (device, position)`
  }),
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      for (const event of events) {
        const id = Inbound.idOf(event.stream)
        if (event.revision === 0) {
          yield* sql`INSERT INTO inbound ${sql.insert(rowOf(event.position, evolve(id, undefined, event)))}
            ON CONFLICT (position) DO NOTHING`
          continue
        }
        const said = Inbound.read(event)
        if (said.type !== "inbound.decrypted") continue
        const content: typeof Said.Type = { event: event.eventId, content: said.data.content }
        yield* sql`UPDATE inbound SET said = ${JSON.stringify(content)}
          WHERE substr(id, 1, 8) = ${id.slice(0, 8)} AND id = ${id}`
      }
    })
  })
}

export interface Asked {
  readonly device: string | undefined
  /** By these alone, if not by any. */
  readonly heardBy: ReadonlySet<DeviceId> | undefined
  readonly after: bigint | undefined
  readonly limit: number
}

/** Newest first, those before `after`; without its fact, one whose row is not what was written. */
export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  list: (asked: Asked) => {
    if (asked.heardBy?.size === 0) return Effect.succeed([])
    const conditions = [
      sql`tenant = ${defaultTenant}`,
      ...(asked.device === undefined ? [] : [sql`device = ${asked.device}`]),
      ...(asked.heardBy === undefined ? [] : [sql.in("device", [...asked.heardBy])]),
      ...(asked.after === undefined ? [] : [sql`position < ${asked.after}`])
    ]
    return Effect.gen(function* () {
      const rows = yield* sql<{ readonly position: string }>`SELECT ${sql.literal(columns)} FROM inbound
        WHERE ${sql.and(conditions)} ORDER BY inbound.position DESC LIMIT ${asked.limit}`
      return (yield* read(rows)).map(({ id, row }, i) => ({
        position: BigInt(rows[i]!.position),
        id,
        fact: row && factOf(row)
      }))
    })
  }
}))
