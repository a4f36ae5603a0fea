import { Array, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ApiKeyId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { Home, unfit } from "../tables/Home.ts"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "key_uses",
  create: (sql) => sql`CREATE TABLE key_uses (id TEXT PRIMARY KEY, used_at TEXT NOT NULL)`
}

const Row = Schema.Struct({ id: ApiKeyId, used_at: Instant })
export type Row = typeof Row.Type
const decode = Schema.decodeUnknownEffect(Schema.Array(Row))

const rowsAtOnce = 100

/** When each key was used last, about: no event tells of it. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const home = yield* Home
  yield* open(sql, table)
  const unreadable = Effect.die(unfit(home, table.name, "a row cannot be read"))
  return {
    all: Effect.flatMap(sql`SELECT id, used_at FROM key_uses`, (rows) =>
      Effect.catchTag(decode(rows), "SchemaError", () => unreadable)
    ),

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
