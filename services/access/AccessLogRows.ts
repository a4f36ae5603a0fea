import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type AccessEvent, AccessRecord } from "#domain/access/AccessRecord.ts"
import { Login, type LoginEvent } from "#domain/access/Login.ts"
import { ApiKeyId, ClientId, defaultTenant, EventId, LoginId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { RowsView } from "../views/RowsView.ts"

const setup = (sql: SqlClient.SqlClient) =>
  Effect.andThen(
    sql`CREATE TABLE access_log (
      position BIGINT PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, at TEXT NOT NULL, type TEXT NOT NULL,
      client TEXT, key TEXT, keys TEXT NOT NULL, login TEXT, kind TEXT, count INTEGER NOT NULL, since TEXT, reason TEXT)`,
    sql`CREATE INDEX access_log_of_client ON access_log (tenant, client, position)`
  )

interface Told {
  readonly client?: string
  readonly keys?: ReadonlyArray<string>
  readonly login?: string
  readonly kind?: string
  readonly count?: number
  readonly since?: string
  readonly reason?: string
}

const ofLogin = (login: LoginId, event: LoginEvent): Told | undefined => {
  if (event.type === "access.login_used") return undefined
  const { client, key } = event.data
  const reason = "reason" in event.data ? event.data.reason : "by" in event.data ? event.data.by : undefined
  return { client, keys: [key], login, ...(reason !== undefined && { reason }) }
}
const ofRecord = ({ data }: AccessEvent): Told => ("of" in data ? { ...data, kind: data.of } : { ...data })

const told = (recorded: RecordedEvent): readonly [type: string, told: Told | undefined] => {
  if (recorded.stream.startsWith(`${Login.category}-`)) {
    const event = Login.read(recorded)
    return [event.type, ofLogin(Login.idOf(recorded.stream), event)]
  }
  const event = AccessRecord.read(recorded)
  return [event.type, ofRecord(event)]
}

const rowOf = (recorded: RecordedEvent) => {
  const [type, found] = told(recorded)
  if (found === undefined) return []
  const { actor, occurredAt, tenant } = recorded.metadata
  return [
    {
      position: recorded.position,
      tenant,
      id: recorded.eventId,
      at: occurredAt,
      type,
      client: found.client ?? null,
      key: actor.kind === "api_key" ? actor.id : null,
      keys: JSON.stringify(found.keys ?? []),
      login: found.login ?? null,
      kind: found.kind ?? null,
      count: found.count ?? 1,
      since: found.since ?? null,
      reason: found.reason ?? null
    }
  ]
}

const rowsAtOnce = 50

/** A row for each event about access, but for those that only say that a login is in use. */
export const view: RowsView = {
  name: "access_log",
  version: 1,
  categories: [AccessRecord.category, Login.category],
  tables: [{ name: "access_log", filledBy: "access.logged_in" }],
  setup,
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      for (const rows of Array.chunksOf(events.flatMap(rowOf), rowsAtOnce)) {
        yield* sql`INSERT INTO access_log ${sql.insert(rows)}`
      }
    })
  })
}

const Row = Schema.Struct({
  position: Schema.BigIntFromString,
  id: EventId,
  at: Instant,
  type: Schema.String,
  client: Schema.NullOr(ClientId),
  key: Schema.NullOr(ApiKeyId),
  keys: Schema.fromJsonString(Schema.Array(ApiKeyId)),
  login: Schema.NullOr(LoginId),
  kind: Schema.NullOr(Schema.String),
  count: Schema.Number,
  since: Schema.NullOr(Instant),
  reason: Schema.NullOr(Schema.String)
})
export type Row = typeof Row.Type
const decode = Schema.decodeUnknownSync(Schema.Array(Row))
const columns = "CAST(position AS TEXT) AS position, id, at, type, client, key, keys, login, kind, count, since, reason"

export interface Asked {
  readonly client: string | undefined
  readonly before: bigint | undefined
  readonly limit: number
}

/** Newest first. */
export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  list: ({ before, client, limit }: Asked) => {
    const condition = sql.and([
      sql`tenant = ${defaultTenant}`,
      ...(client === undefined ? [] : [sql`client = ${client}`]),
      ...(before === undefined ? [] : [sql`position < ${before}`])
    ])
    return Effect.map(
      sql`SELECT ${sql.literal(columns)} FROM access_log WHERE ${condition} ORDER BY access_log.position DESC LIMIT ${limit}`,
      decode
    )
  }
}))
