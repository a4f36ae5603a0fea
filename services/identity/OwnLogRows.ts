import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "own_log",
  create: (sql) => sql`CREATE TABLE own_log (id INTEGER PRIMARY KEY CHECK (id = 1), store TEXT NOT NULL)`
}

/** Whose database it is: the log's that came first. */
export const claim = Effect.fnUntraced(function* (store: string) {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  yield* sql`INSERT INTO own_log (id, store) VALUES (1, ${store}) ON CONFLICT (id) DO NOTHING`
  const [row] = yield* sql<{ readonly store: string }>`SELECT store FROM own_log WHERE id = 1`
  return row?.store
})
