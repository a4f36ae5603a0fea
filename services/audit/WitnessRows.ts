import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { AgentId } from "#domain/Ids.ts"
import { open, type Table } from "../tables/Tables.ts"

const table: Table = {
  name: "audit_witnesses",
  create: (sql) => sql`CREATE TABLE audit_witnesses (agent TEXT PRIMARY KEY, state TEXT NOT NULL)`
}

interface Row {
  readonly agent: string
  readonly state: string
}

/** What each witness said last of the log's heads, as it is written there. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  return {
    all: sql<Row>`SELECT agent, state FROM audit_witnesses ORDER BY agent`,
    keep: (agent: AgentId, state: string) =>
      sql`INSERT INTO audit_witnesses (agent, state) VALUES (${agent}, ${state})
        ON CONFLICT (agent) DO UPDATE SET state = excluded.state`
  }
})
