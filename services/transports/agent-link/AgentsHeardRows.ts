import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { AgentId } from "#domain/Ids.ts"
import { open, type Table } from "../../tables/Tables.ts"

const table: Table = {
  name: "agents_heard",
  create: (sql) => sql`CREATE TABLE agents_heard (agent TEXT PRIMARY KEY, heard TEXT NOT NULL)`
}

interface Row {
  readonly agent: string
  readonly heard: string
}

/** What each agent said last of itself, as it is written there. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* open(sql, table)
  return {
    all: sql<Row>`SELECT agent, heard FROM agents_heard`,

    of: (agent: AgentId) =>
      Effect.map(sql<Row>`SELECT agent, heard FROM agents_heard WHERE agent = ${agent}`, ([row]) => row?.heard),

    /** Only over what was there: another gateway may have heard the agent meanwhile. Answers whether it is kept. */
    keep: (agent: AgentId, before: string | undefined, heard: string) =>
      Effect.map(
        sql`INSERT INTO agents_heard (agent, heard) VALUES (${agent}, ${heard})
          ON CONFLICT (agent) DO UPDATE SET heard = excluded.heard WHERE agents_heard.heard = ${before ?? ""}
          RETURNING agent`,
        (kept) => kept.length > 0
      )
  }
})
