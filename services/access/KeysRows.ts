import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { Client } from "#domain/access/Client.ts"
import { ScopeName } from "#domain/access/Scopes.ts"
import { ApiKeyId, ClientId, DeviceId, defaultTenant, EventId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
import { BeginningMissing } from "../views/BeginningMissing.ts"
import type { RowsView } from "../views/RowsView.ts"

/** Nothing that is missing may be read as this. */
export const all = "all"

const setup = (sql: SqlClient.SqlClient) =>
  Effect.andThen(
    sql`CREATE TABLE access_clients (
      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_at TEXT NOT NULL, name TEXT NOT NULL, named_by TEXT NOT NULL,
      devices TEXT NOT NULL)`,
    sql`CREATE TABLE access_keys (
      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, client TEXT NOT NULL, digest TEXT NOT NULL, scopes TEXT NOT NULL,
      issued_at TEXT NOT NULL, issued_by TEXT NOT NULL, name TEXT, revoked INTEGER NOT NULL, expires_at TEXT,
      replaced_by TEXT)`
  )

const apply = (sql: SqlClient.SqlClient, recorded: RecordedEvent) => {
  const { tenant } = recorded.metadata
  const client = Client.idOf(recorded.stream)
  const event = Client.read(recorded)
  switch (event.type) {
    case "client.created":
      return sql`INSERT INTO access_clients (id, tenant, created_at, name, named_by, devices)
        VALUES (${client}, ${tenant}, ${recorded.recordedAt}, ${JSON.stringify(event.data.name)}, ${recorded.eventId},
          ${JSON.stringify(all)})`
    case "client.devices_set": {
      return sql`UPDATE access_clients SET devices = ${JSON.stringify(event.data.devices ?? all)}
        WHERE id = ${client} AND tenant = ${tenant}`
    }
    case "client.key_issued": {
      const { digest, key, name, scopes } = event.data
      return sql`INSERT INTO access_keys (id, tenant, client, digest, scopes, issued_at, issued_by, name, revoked)
        VALUES (${key}, ${tenant}, ${client}, ${digest}, ${JSON.stringify(scopes)}, ${recorded.recordedAt},
          ${recorded.eventId}, ${name === undefined ? null : JSON.stringify(name)}, 0)`
    }
    case "client.key_revoked":
      return sql`UPDATE access_keys SET revoked = 1 WHERE id = ${event.data.key} AND tenant = ${tenant}`
    case "client.key_expiry_set": {
      const { expiresAt, key, replacedBy = null } = event.data
      return sql`UPDATE access_keys SET expires_at = ${expiresAt}, replaced_by = ${replacedBy}
        WHERE id = ${key} AND tenant = ${tenant}`
    }
  }
}

const ClientRow = Schema.Struct({
  id: ClientId,
  created_at: Instant,
  name: Schema.fromJsonString(Sealed),
  named_by: EventId,
  devices: Schema.fromJsonString(Schema.Union([Schema.Literal(all), Schema.Array(DeviceId)]))
})
const KeyRow = Schema.Struct({
  id: ApiKeyId,
  client: ClientId,
  digest: Schema.String,
  scopes: Schema.fromJsonString(Schema.Array(ScopeName)),
  issued_at: Instant,
  issued_by: EventId,
  name: Schema.NullOr(Schema.fromJsonString(Sealed)),
  revoked: Schema.Number,
  expires_at: Schema.NullOr(Instant),
  replaced_by: Schema.NullOr(ApiKeyId)
})
const readClients = Schema.decodeUnknownSync(Schema.Array(ClientRow))
const readKeys = Schema.decodeUnknownSync(Schema.Array(KeyRow))

const keyOf = (recorded: RecordedEvent) => {
  const event = Client.read(recorded)
  return "key" in event.data ? event.data.key : undefined
}

/** One row per client, one per key. Names stay sealed; of keys only digests are known. */
export const view: RowsView = {
  name: "access",
  version: 6,
  categories: ["client"],
  tables: [
    {
      name: "access_clients",
      filledBy: "client.created",
      sealed: {
        columns: "id, tenant, created_at, name, named_by, devices",
        idOf: ({ stream }) => Client.idOf(stream)
      }
    },
    {
      name: "access_keys",
      filledBy: "client.key_issued",
      sealed: {
        columns: "id, tenant, client, digest, scopes, issued_at, issued_by, name, revoked, expires_at, replaced_by",
        idOf: keyOf
      }
    }
  ],
  setup,
  writer: () => ({
    apply: (sql, events) => Effect.forEach(events, (event) => apply(sql, event), { discard: true })
  })
}

/** The rows exist so that a start need not read every client's stream: while it runs, the roster is all that is asked. */
export const read = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const clients = yield* sql`SELECT id, created_at, name, named_by, devices FROM access_clients
    WHERE tenant = ${defaultTenant} ORDER BY created_at, id`
  const keys = yield* sql`SELECT id, client, digest, scopes, issued_at, issued_by, name, revoked, expires_at,
    replaced_by FROM access_keys WHERE tenant = ${defaultTenant} ORDER BY id`
  const rows = { clients: readClients(clients), keys: readKeys(keys) }
  const known = new Set(rows.clients.map(({ id }) => id))
  for (const { client } of rows.keys) if (!known.has(client)) throw new BeginningMissing(Client.streamOf(client))
  return rows
})
