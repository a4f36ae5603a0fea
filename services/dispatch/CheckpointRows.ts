import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { dispatcher, type Mark, rowOf } from "../tables/Positions.ts"
import { open } from "../tables/Tables.ts"

const idOf = (partition: number) => partition + 1

/** Up to where the commands of each partition are in the bus's custody. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, dispatcher)
  return {
    position: (partition: number) =>
      Effect.map(
        sql<{ readonly position: string }>`SELECT position FROM dispatcher WHERE id = ${idOf(partition)}`,
        ([row]) => (row === undefined ? undefined : BigInt(row.position))
      ),

    /** Only from where it was; answers whether it was there. */
    move: (partition: number, from: bigint | undefined, to: Mark) =>
      Effect.map(
        from === undefined
          ? sql`INSERT INTO dispatcher ${sql.insert({ id: idOf(partition), ...rowOf(to) })}
              ON CONFLICT DO NOTHING RETURNING id`
          : sql`UPDATE dispatcher SET ${sql.update(rowOf(to))}
              WHERE id = ${idOf(partition)} AND position = ${String(from)} RETURNING id`,
        (moved) => moved.length > 0
      )
  }
})
