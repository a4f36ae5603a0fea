import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { DeviceId, defaultTenant, EventId, InboundId, TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Inbound, Received } from "#domain/inbound/Inbound.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { reader } from "../views/Readable.ts"
import type { RowsView } from "../views/RowsView.ts"
import { evolve, Said, type SealedFact, saidIn } from "./FactDocument.ts"

const Row = Schema.Struct({
  /** A number cannot hold every position. In ORDER BY, `position` alone would be this text. */
  position: Schema.BigIntFromString,
  id: InboundId,
  tenant: TenantId,
  event: EventId,
  recorded_at: Instant,
  received: Schema.fromJsonString(Received),
  said: Schema.fromJsonString(Said),
  asked_at: Schema.NullOr(Instant),
  marked_at: Schema.NullOr(Instant)
})
const columns =
  "CAST(position AS TEXT) AS position, id, tenant, event, recorded_at, received, said, asked_at, marked_at"
const read = reader("inbound", Row)

/** What is to be marked as read and was not yet. */
const Unread = Schema.Struct({ position: Schema.BigIntFromString, id: InboundId, device: DeviceId, askedAt: Instant })
export type Unread = typeof Unread.Type
const decodeUnread = Schema.decodeUnknownSync(Schema.Array(Unread))

const readingOf = ({ asked_at, marked_at }: Pick<typeof Row.Type, "asked_at" | "marked_at">) =>
  asked_at === null ? undefined : { askedAt: asked_at, ...(marked_at !== null && { markedAt: marked_at }) }

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

/** What a later event changes of a fact's row. */
const changeOf = (event: RecordedEvent): Record<string, string | null> => {
  const { occurredAt } = event.metadata
  const read = Inbound.read(event)
  if (read.type === "inbound.read_requested") return { asked_at: occurredAt, marked_at: null }
  if (read.type === "inbound.read_marked") return { marked_at: occurredAt }
  if (read.type === "inbound.read_withheld") return { asked_at: null, marked_at: null }
  return { said: JSON.stringify(saidIn(event.eventId, read.data)) }
}

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
      recorded_at TEXT NOT NULL, received TEXT NOT NULL, said TEXT NOT NULL, asked_at TEXT, marked_at TEXT)`
    // Ids are random: each takes a page of its own to write, the fewer of them the shorter what is indexed is.
    yield* sql`CREATE INDEX inbound_by_id ON inbound (substr(id, 1, 8))`
    yield* sql`CREATE INDEX inbound_by_device ON inbound (device, position)`
    yield* sql`CREATE INDEX inbound_unmarked ON inbound (position) WHERE asked_at IS NOT NULL AND marked_at IS NULL`
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
        yield* sql`UPDATE inbound SET ${sql.update(changeOf(event))}
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

const factOf = ({
  asked_at,
  marked_at,
  position: _,
  recorded_at: recordedAt,
  ...row
}: typeof Row.Type): SealedFact => ({ ...row, recordedAt, reading: readingOf({ asked_at, marked_at }) })

/** A database takes only so many values at once. */
const positionsAtOnce = 500

/** Without its fact, one whose row is not what was written. */
const listed = (rows: ReadonlyArray<{ readonly position: string }>) =>
  Effect.map(read(rows), (found) =>
    found.map(({ id, row }, i) => ({ position: BigInt(rows[i]!.position), id, fact: row && factOf(row) }))
  )

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  /** Of what was asked since, what is not marked as read yet, in the log's order, from behind `after` on. */
  unread: (after: bigint, limit: number, since: Instant) =>
    Effect.map(
      sql`SELECT CAST(position AS TEXT) AS position, id, device, asked_at AS "askedAt" FROM inbound
        WHERE tenant = ${defaultTenant} AND asked_at IS NOT NULL AND marked_at IS NULL AND asked_at > ${since}
        AND inbound.position > ${after} ORDER BY inbound.position LIMIT ${limit}`,
      decodeUnread
    ),

  /** Those of which the first event stands at one of these places. */
  at: (positions: ReadonlyArray<bigint>) =>
    Effect.map(
      Effect.forEach(Array.chunksOf(positions, positionsAtOnce), (some) =>
        Effect.flatMap(
          sql<{ readonly position: string }>`SELECT ${sql.literal(columns)} FROM inbound
            WHERE ${sql.in("position", some)}`,
          listed
        )
      ),
      (found) => found.flat()
    ),

  /** Newest first, those before `after`. */
  list: (asked: Asked) => {
    if (asked.heardBy?.size === 0) return Effect.succeed([])
    const conditions = [
      sql`tenant = ${defaultTenant}`,
      ...(asked.device === undefined ? [] : [sql`device = ${asked.device}`]),
      ...(asked.heardBy === undefined ? [] : [sql.in("device", [...asked.heardBy])]),
      ...(asked.after === undefined ? [] : [sql`position < ${asked.after}`])
    ]
    return Effect.flatMap(
      sql<{ readonly position: string }>`SELECT ${sql.literal(columns)} FROM inbound WHERE ${sql.and(conditions)}
        ORDER BY inbound.position DESC LIMIT ${asked.limit}`,
      listed
    )
  }
}))
