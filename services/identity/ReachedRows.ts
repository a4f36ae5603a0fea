import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Home, unfit } from "../tables/Home.ts"
import { type Mark, MarkedRow } from "../tables/Positions.ts"
import { exists, open, type Table } from "../tables/Tables.ts"

/** How far others had come in the log, read before they begin. */

const decode = Schema.decodeUnknownEffect(Schema.Array(MarkedRow))

/** What such a table says. A release that knows of no events has moved on without: then two places are known of one row. */
export const marksIn = Effect.fnUntraced(function* (table: Table) {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  const home = yield* Home
  const found = yield* sql`SELECT position, event, event_position FROM ${sql(table.name)}`
  const rows = yield* Effect.catchTag(decode(found), "SchemaError", () =>
    unfit(home, table.name, "a position in it is none")
  )
  return rows.flatMap(({ event, event_position, position }): ReadonlyArray<Mark> => {
    const alone = position === null || position === event_position ? [] : [{ position, eventId: undefined }]
    const marked = event === null || event_position === null ? [] : [{ position: event_position, eventId: event }]
    return [...alone, ...marked]
  })
})

/** Whether a device was made by then; a new database has no table of them yet. */
export const isDeviceThere = Effect.fnUntraced(function* (by: bigint) {
  const sql = yield* SqlClient.SqlClient
  if (!(yield* exists(sql, "devices"))) return false
  const rows = yield* sql`SELECT 1 FROM devices WHERE position <= ${by} LIMIT 1`
  return rows.length > 0
})
