import type { Array, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** A table of rows. */
export interface RowsTable {
  readonly name: string
  /** The type, without its version, of the events that each write a row of it, of a category of the view; "setup": it is never empty. */
  readonly filledBy: `${string}.${string}` | "setup"
  /** The same of those that each take a row away, if any do. */
  readonly emptiedBy?: `${string}.${string}`
  /** Of rows that decide who may do what: all that stands in one, as text or number, and the `id` of the one that an event may write. */
  readonly sealed?: { readonly columns: string; readonly idOf: (event: RecordedEvent) => string | undefined }
}

/** Rows folded from events. Bump `version` to have them made anew from the first event, and say so in the CHANGELOG. */
export interface RowsView {
  readonly name: string
  readonly version: number
  /**
   * The oldest version whose tables are the same, and whose rows say enough to go on with until those of this one are made
   * beside them. Without, rows of another version are dropped, and lists wait until all is made anew.
   */
  readonly readableFrom?: number
  readonly categories: Array.NonEmptyReadonlyArray<string>
  /** Events of a newer release are applied too: the rows do not go by what events say. */
  readonly unreleased?: true
  /** A row holds what came at once: of two views that say the same the rows may differ. */
  readonly batched?: true
  /** What a rebuild drops. */
  readonly tables: Array.NonEmptyReadonlyArray<RowsTable>
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
