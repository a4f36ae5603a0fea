import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { Client, configured } from "#domain/access/Client.ts"
import type { ClientId } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/**
 * Whose messages are whose: a message's first event names the key, and the key's own names the client. A client has a number
 * here, since that many rows and indexes repeat it.
 */
export const table = "message_senders"

export const setup = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  yield* sql`CREATE TABLE message_senders (id TEXT PRIMARY KEY, client TEXT NOT NULL, number BIGINT NOT NULL)`
  yield* sql`CREATE INDEX message_senders_by_client ON message_senders (client, number)`
  yield* sql`INSERT INTO message_senders (id, client, number) VALUES (${configured.key}, ${configured.client}, -1)`
})

const numbers = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ id: Schema.String, number: Schema.BigIntFromString }))
)

export const isOfClient = ({ type }: RecordedEvent) => Client.read.types.has(type)

/** A client has the number of its first key, and that is the key's position. Read again, a key has the row that it had. */
const noteKey = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, recorded: RecordedEvent) {
  const event = Client.read(recorded)
  if (event.type !== "client.key_issued") return
  const client = Client.idOf(recorded.stream)
  yield* sql`INSERT INTO message_senders (id, client, number) VALUES (${event.data.key}, ${client},
    COALESCE((SELECT MIN(number) FROM message_senders WHERE client = ${client}), ${recorded.position}))
    ON CONFLICT (id) DO NOTHING`
})

/** For one writer of rows: what it has read of them stays as it is. */
export const make = () => {
  const known = new Map<string, bigint>()
  const keyOf = ({ metadata: { actor } }: RecordedEvent) => (actor.kind === "api_key" ? actor.id : "")
  return {
    /** Keys come before what they send. */
    note: (sql: SqlClient.SqlClient, events: ReadonlyArray<RecordedEvent>) =>
      Effect.forEach(events, (event) => noteKey(sql, event), { discard: true }),

    /** The number of whoever queued each of these; of none whose key is not known. */
    read: Effect.fnUntraced(function* (sql: SqlClient.SqlClient, queued: ReadonlyArray<RecordedEvent>) {
      const missing = new Set(queued.map(keyOf).filter((key) => !known.has(key)))
      if (missing.size > 0) {
        const rows = yield* sql`SELECT id, CAST(number AS TEXT) AS number FROM message_senders
          WHERE ${sql.in("id", [...missing])}`
        for (const { id, number } of numbers(rows)) known.set(id, number)
      }
      return (event: RecordedEvent) => known.get(keyOf(event)) ?? null
    })
  }
}

/** As a condition on a message's row. */
export const sentBy = (sql: SqlClient.SqlClient, client: ClientId) =>
  sql`sender = (SELECT MIN(number) FROM message_senders WHERE client = ${client})`
