import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { Client, Scope } from "#domain/access/Client.ts"
import { ApiKeyId, ClientId, defaultTenant, EventId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
import type { View } from "../views/View.ts"
import { clientOf, Roster } from "./Roster.ts"

const setup = (sql: SqlClient.SqlClient) =>
  Effect.andThen(
    sql`CREATE TABLE access_clients (
      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_at TEXT NOT NULL, name TEXT NOT NULL, named_by TEXT NOT NULL)`,
    sql`CREATE TABLE access_keys (
      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, client TEXT NOT NULL, digest TEXT NOT NULL, scopes TEXT NOT NULL,
      revoked INTEGER NOT NULL, expires_at TEXT, replaced_by TEXT)`
  )

const apply = (sql: SqlClient.SqlClient, recorded: RecordedEvent) => {
  const { tenant } = recorded.metadata
  const client = clientOf(recorded)
  const event = Client.read(recorded)
  switch (event.type) {
    case "client.created":
      return sql`INSERT INTO access_clients (id, tenant, created_at, name, named_by)
        VALUES (${client}, ${tenant}, ${recorded.recordedAt}, ${JSON.stringify(event.data.name)}, ${recorded.eventId})`
    case "client.key_issued":
      return sql`INSERT INTO access_keys (id, tenant, client, digest, scopes, revoked)
        VALUES (${event.data.key}, ${tenant}, ${client}, ${event.data.digest}, ${JSON.stringify(event.data.scopes)}, 0)`
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
  named_by: EventId
})
const KeyRow = Schema.Struct({
  id: ApiKeyId,
  client: ClientId,
  digest: Schema.String,
  scopes: Schema.fromJsonString(Schema.Array(Scope)),
  revoked: Schema.Number,
  expires_at: Schema.NullOr(Instant),
  replaced_by: Schema.NullOr(ApiKeyId)
})
const readClients = Schema.decodeUnknownSync(Schema.Array(ClientRow))
const readKeys = Schema.decodeUnknownSync(Schema.Array(KeyRow))

/** The rows exist so that a start need not read every client's stream: while it runs, the roster is all that is asked. */
const hydrate = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, roster: Roster) {
  const clients = readClients(
    yield* sql`SELECT id, created_at, name, named_by FROM access_clients WHERE tenant = ${defaultTenant} ORDER BY created_at, id`
  )
  const keys = readKeys(
    yield* sql`SELECT id, client, digest, scopes, revoked, expires_at, replaced_by
      FROM access_keys WHERE tenant = ${defaultTenant} ORDER BY id`
  )
  for (const { created_at: createdAt, id, name, named_by: namedBy } of clients) {
    roster.addClient({ id, createdAt, name, namedBy })
  }
  for (const { client, digest, expires_at: expiresAt, id: key, replaced_by: replacedBy, revoked, scopes } of keys) {
    roster.addKey(client, { key, digest, scopes })
    if (expiresAt !== null) roster.setExpiry({ key, expiresAt, ...(replacedBy !== null && { replacedBy }) })
    if (revoked !== 0) roster.revoke(key)
  }
})

/** The view of clients and keys, and what it keeps in memory. */
export const make = (): { readonly view: View; readonly roster: Roster } => {
  const roster = new Roster()
  const follow = (events: ReadonlyArray<RecordedEvent>) => {
    for (const event of events) roster.apply(event)
  }
  return {
    roster,
    view: {
      name: "access",
      version: 2,
      categories: ["client"],
      tables: ["access_clients", "access_keys"],
      setup,
      apply: (sql, events) => Effect.forEach(events, (event) => apply(sql, event), { discard: true }),
      following: { hydrate: (sql) => hydrate(sql, roster), follow }
    }
  }
}
