import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { StreamId } from "#domain/Ids.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "reissues",
  create: (sql) =>
    sql`CREATE TABLE reissues (stream TEXT PRIMARY KEY, attempt INTEGER NOT NULL, issued_at BIGINT NOT NULL)`
}

export type Reissues = Effect.Success<typeof make>

/** When a command was issued last beyond its first attempt, and under which. Beside the views; losing it repeats a little. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const leases = yield* Leases
  yield* open(sql, table)
  return {
    last: Effect.fnUntraced(function* (stream: StreamId) {
      const [row] = yield* sql<{ readonly attempt: number; readonly issued_at: string }>`
        SELECT attempt, CAST(issued_at AS TEXT) AS issued_at FROM reissues WHERE stream = ${stream}`
      return { attempt: row?.attempt ?? 1, at: Number(row?.issued_at ?? 0) }
    }),
    note: (lease: Lease, stream: StreamId, attempt: number, now: number) =>
      leases.fenced(
        lease,
        sql`INSERT INTO reissues (stream, attempt, issued_at) VALUES (${stream}, ${attempt}, ${now})
          ON CONFLICT (stream) DO UPDATE SET attempt = excluded.attempt, issued_at = excluded.issued_at`
      ),
    /** Nobody took what was issued under this attempt: it is as before, unless it was issued again meanwhile. */
    takeBack: (
      lease: Lease,
      stream: StreamId,
      attempt: number,
      before: { readonly attempt: number; readonly at: number }
    ) =>
      leases.fenced(
        lease,
        sql`UPDATE reissues SET attempt = ${before.attempt}, issued_at = ${before.at}
          WHERE stream = ${stream} AND attempt = ${attempt}`
      ),
    /** Of messages that were settled. There are few devices. */
    forget: sql`DELETE FROM reissues WHERE stream NOT IN (
      SELECT 'message-' || id FROM messages WHERE open = 1 UNION ALL SELECT 'device-' || id FROM devices UNION ALL
      SELECT 'inbound-' || id FROM inbound WHERE asked_at IS NOT NULL AND marked_at IS NULL)`
  }
})
