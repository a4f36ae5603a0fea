import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ApiKeyId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "key_uses",
  create: (sql) => sql`CREATE TABLE key_uses (id TEXT PRIMARY KEY, used_at TEXT NOT NULL)`
}

const Row = Schema.Struct({ id: ApiKeyId, used_at: Instant })
export type Row = typeof Row.Type
const decode = Schema.decodeUnknownSync(Schema.Array(Row))

const rowsAtOnce = 100

/** When each key was used last, about: no event tells of it. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  return {
    all: Effect.map(sql`SELECT id, used_at FROM key_uses`, decode),

    /** Gateways write side by side: the later use counts. */
    keep: (rows: ReadonlyArray<Row>) =>
      Effect.forEach(
        Array.chunksOf(rows, rowsAtOnce),
        (some) => sql`INSERT INTO key_uses ${sql.insert(some)} ON CONFLICT (id) DO UPDATE SET
          used_at = excluded.used_at WHERE excluded.used_at > key_uses.used_at`,
        { discard: true }
      )
  }
})
