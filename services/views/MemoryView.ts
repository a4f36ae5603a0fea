import type { Array, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** What everybody else asks in memory: kept up to date from the events alone, whoever writes the rows, and if nobody can. */
export interface MemoryView {
  /** Once, from rows that hold the events up to some position. */
  readonly hydrate: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
  /** The events after that position, each once. */
  readonly follow: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => void
  /** Now and then: what cannot be told from events without the rows. */
  readonly recount?: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
}
