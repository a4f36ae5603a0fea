import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "announced",
  create: (sql) => sql`CREATE TABLE announced (id INTEGER PRIMARY KEY, stream TEXT NOT NULL, cursor TEXT NOT NULL)`
}

/** Up to where a stream has the log's events, for when it holds none of them any more. Losing it repeats, and loses nothing. */
export interface Announced {
  readonly stream: string
  readonly cursor: string
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const leases = yield* Leases
  yield* open(sql, table)
  return {
    last: Effect.map(sql<Announced>`SELECT stream, cursor FROM announced WHERE id = 1`, ([row]) => row),

    keep: (lease: Lease, { cursor, stream }: Announced) =>
      leases.fenced(
        lease,
        sql`INSERT INTO announced (id, stream, cursor) VALUES (1, ${stream}, ${cursor})
          ON CONFLICT (id) DO UPDATE SET stream = excluded.stream, cursor = excluded.cursor`
      )
  }
})
