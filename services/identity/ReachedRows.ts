import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { exists, open, type Table } from "../tables/Tables.ts"

/** How far others had come in the log, read before they begin. */

/** Every position in such a table. */
export const positionsIn = Effect.fnUntraced(function* (table: Table) {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  const rows = yield* sql<{ readonly position: string | null }>`SELECT position FROM ${sql(table.name)}`
  return rows.flatMap(({ position }) => (position === null ? [] : [BigInt(position)]))
})

/** Whether a device was made by then; a new database has no table of them yet. */
export const isDeviceThere = Effect.fnUntraced(function* (by: bigint) {
  const sql = yield* SqlClient.SqlClient
  if (!(yield* exists(sql, "devices"))) return false
  const rows = yield* sql`SELECT 1 FROM devices WHERE position <= ${by} LIMIT 1`
  return rows.length > 0
})
