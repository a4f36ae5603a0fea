import type { Array, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** Rows folded from events. Bump `version` to have them made anew from the first event, and say so in the CHANGELOG. */
export interface RowsView {
  readonly name: string
  readonly version: number
  readonly categories: Array.NonEmptyReadonlyArray<string>
  /** What a rebuild drops. The first has a row for each stream of the first category. */
  readonly tables: Array.NonEmptyReadonlyArray<string>
  /** Creates the tables. */
  readonly setup: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
  /** One for each time that a process holds the lease: what it remembers of its rows ends with it. */
  readonly writer: () => RowsWriter
}

export interface RowsWriter {
  /** Applies events in the log's order, inside the transaction that also moves the checkpoint. Never reads the clock. */
  readonly apply: (
    sql: SqlClient.SqlClient,
    events: Array.NonEmptyReadonlyArray<RecordedEvent>
  ) => Effect.Effect<unknown, SqlError.SqlError>
  /** After the commit: what `apply` has written may be remembered. */
  readonly applied?: () => void
}
