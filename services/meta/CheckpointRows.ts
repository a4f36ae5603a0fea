import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { CheckpointMoved } from "../runtime/Checkpoint.ts"
import { type Mark, metaCheckpoints, rowOf } from "../tables/Positions.ts"
import { open } from "../tables/Tables.ts"

/** What goes through what was kept, each at its own pace: taking it apart, archiving it, and destroying its bytes. */
export type Work = "split" | "sessions" | "archive" | "retention"

/** Up to where each has come. Losing it repeats, and loses nothing. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const leases = yield* Leases
  yield* open(sql, metaCheckpoints)
  return {
    position: (work: Work) =>
      Effect.map(
        sql<{ readonly position: string }>`SELECT position FROM meta_checkpoints WHERE name = ${work}`,
        ([row]) => (row === undefined ? undefined : BigInt(row.position))
      ),

    /** Only from where it was. */
    move: (work: Work, lease: Lease, from: bigint | undefined, to: Mark) =>
      leases
        .fenced(
          lease,
          from === undefined
            ? sql`INSERT INTO meta_checkpoints ${sql.insert({ name: work, ...rowOf(to) })}
                ON CONFLICT DO NOTHING RETURNING name`
            : sql`UPDATE meta_checkpoints SET ${sql.update(rowOf(to))}
                WHERE name = ${work} AND position = ${String(from)} RETURNING name`
        )
        .pipe(Effect.flatMap((moved) => (moved.length > 0 ? Effect.void : Effect.fail(new CheckpointMoved()))))
  }
})
