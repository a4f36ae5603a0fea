import { Effect, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { Login } from "#domain/access/Login.ts"
import { ApiKeyId, ClientId, defaultTenant, LoginId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { RowsView } from "../views/RowsView.ts"

const columns = "id, tenant, client, key, digest, logged_in_at, used_at, expires_at"

const setup = (sql: SqlClient.SqlClient) =>
  sql`CREATE TABLE access_logins (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, client TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL,
    logged_in_at TEXT NOT NULL, used_at TEXT NOT NULL, expires_at TEXT NOT NULL)`

const apply = (sql: SqlClient.SqlClient, recorded: RecordedEvent): Effect.Effect<unknown, SqlError.SqlError> => {
  const { tenant } = recorded.metadata
  const id = Login.idOf(recorded.stream)
  const event = Login.read(recorded)
  switch (event.type) {
    case "access.link_offered":
      return Effect.void
    case "access.logged_in": {
      const { client, digest, expiresAt, key } = event.data
      const at = recorded.metadata.occurredAt
      return sql`INSERT INTO access_logins (${sql.literal(columns)})
        VALUES (${id}, ${tenant}, ${client}, ${key}, ${digest}, ${at}, ${at}, ${expiresAt})`
    }
    case "access.login_used":
      return sql`UPDATE access_logins SET used_at = ${event.data.at} WHERE id = ${id} AND tenant = ${tenant}`
    case "access.logged_out":
      return sql`DELETE FROM access_logins WHERE id = ${id} AND tenant = ${tenant}`
  }
}

const Row = Schema.Struct({
  id: LoginId,
  client: ClientId,
  key: ApiKeyId,
  digest: Schema.String,
  logged_in_at: Instant,
  used_at: Instant,
  expires_at: Instant
})
const decode = Schema.decodeUnknownSync(Schema.Array(Row))

/** One row for each login that nobody has ended; of what is presented only digests are known. */
export const view: RowsView = {
  name: "logins",
  version: 1,
  categories: [Login.category],
  tables: [
    {
      name: "access_logins",
      filledBy: "access.logged_in",
      emptiedBy: "access.logged_out",
      sealed: { columns, idOf: ({ stream }) => Login.idOf(stream) }
    }
  ],
  setup,
  writer: () => ({
    apply: (sql, events) => Effect.forEach(events, (event) => apply(sql, event), { discard: true })
  })
}

export const read = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql`SELECT id, client, key, digest, logged_in_at, used_at, expires_at FROM access_logins
      WHERE tenant = ${defaultTenant} ORDER BY logged_in_at, id`,
    decode
  )
