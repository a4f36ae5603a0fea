import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { exists } from "../tables/Tables.ts"

/** How far others had come in the log, read before they begin: a new database has none of their tables. */

/** Every position in such a table. */
export const positionsIn = Effect.fnUntraced(function* (table: "checkpoints" | "dispatcher") {
  const sql = yield* SqlClient.SqlClient
  if (!(yield* exists(sql, table))) return []
  const rows = yield* sql<{ readonly position: string | null }>`SELECT position FROM ${sql(table)}`
  return rows.flatMap(({ position }) => (position === null ? [] : [BigInt(position)]))
})

/** Whether a device was made by then. */
export const isDeviceThere = Effect.fnUntraced(function* (by: bigint) {
  const sql = yield* SqlClient.SqlClient
  if (!(yield* exists(sql, "devices"))) return false
  const rows = yield* sql`SELECT 1 FROM devices WHERE position <= ${by} LIMIT 1`
  return rows.length > 0
})
