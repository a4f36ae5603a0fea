import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Home, unfit } from "../tables/Home.ts"
import { exists, open, type Table } from "../tables/Tables.ts"

/** How far others had come in the log, read before they begin. */

const Rows = Schema.Array(Schema.Struct({ position: Schema.NullOr(Schema.BigIntFromString) }))
const decode = Schema.decodeUnknownEffect(Rows)

/** Every position in such a table. */
export const positionsIn = Effect.fnUntraced(function* (table: Table) {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  const home = yield* Home
  const rows = yield* Effect.catchTag(decode(yield* sql`SELECT position FROM ${sql(table.name)}`), "SchemaError", () =>
    unfit(home, table.name, "a position in it is none")
  )
  return rows.flatMap(({ position }) => position ?? [])
})

/** Whether a device was made by then; a new database has no table of them yet. */
export const isDeviceThere = Effect.fnUntraced(function* (by: bigint) {
  const sql = yield* SqlClient.SqlClient
  if (!(yield* exists(sql, "devices"))) return false
  const rows = yield* sql`SELECT 1 FROM devices WHERE position <= ${by} LIMIT 1`
  return rows.length > 0
})
