import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "dispatcher",
  create: (sql) => sql`CREATE TABLE dispatcher (id INTEGER PRIMARY KEY, position TEXT NOT NULL)`
}
const idOf = (partition: number) => partition + 1

/** Up to where the commands of each partition are in the bus's custody. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  return {
    position: (partition: number) =>
      Effect.map(
        sql<{ readonly position: string }>`SELECT position FROM dispatcher WHERE id = ${idOf(partition)}`,
        ([row]) => (row === undefined ? undefined : BigInt(row.position))
      ),

    /** Only from where it was; answers whether it was there. */
    move: (partition: number, from: bigint | undefined, to: bigint) =>
      Effect.map(
        from === undefined
          ? sql`INSERT INTO dispatcher (id, position) VALUES (${idOf(partition)}, ${String(to)})
              ON CONFLICT DO NOTHING RETURNING id`
          : sql`UPDATE dispatcher SET position = ${String(to)}
              WHERE id = ${idOf(partition)} AND position = ${String(from)} RETURNING id`,
        (moved) => moved.length > 0
      )
  }
})
