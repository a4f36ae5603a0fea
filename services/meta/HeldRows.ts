import { Array, Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { BatchId, EventId } from "#domain/Ids.ts"
import { open, type Table } from "../tables/Tables.ts"
import type { Spent } from "./Holds.ts"

/** Requests whose time is over, and whose bytes somebody still needs. */
const held: Table = {
  name: "meta_held",
  create: (sql) => sql`CREATE TABLE meta_held (batch TEXT PRIMARY KEY, event TEXT NOT NULL, position BIGINT NOT NULL)`
}

/** As it is kept: with the event that says that it was taken apart. */
export interface Held extends Spent {
  readonly event: EventId
}

const atOnce = 200

/** Losing it keeps bytes for longer than was asked for, until somebody looks after `batch.split` without `batch.destroyed`. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, held)
  return {
    add: (some: ReadonlyArray<Held>) =>
      Effect.forEach(
        Array.chunksOf(some, atOnce),
        (chunk) =>
          sql`INSERT INTO meta_held ${sql.insert(
            Array.map(chunk as [Held], ({ event, id, position }) => ({ batch: id, event, position: String(position) }))
          )} ON CONFLICT DO NOTHING`,
        { discard: true }
      ),

    /** In the log's order, behind this position. */
    page: (after: bigint) =>
      Effect.map(
        sql<{ readonly batch: BatchId; readonly event: EventId; readonly position: string }>`
          SELECT batch, event, CAST(position AS TEXT) AS position FROM meta_held
          WHERE meta_held.position > ${String(after)} ORDER BY meta_held.position LIMIT ${atOnce}`,
        (rows) => rows.map(({ batch, event, position }): Held => ({ id: batch, event, position: BigInt(position) }))
      ),

    remove: (id: BatchId) => sql`DELETE FROM meta_held WHERE batch = ${id}`
  }
})
