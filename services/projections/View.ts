import { type Array, Context, type Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** Rows folded from events. Bump `version` to have them made anew from the first event. */
export interface View {
  readonly name: string
  readonly version: number
  readonly categories: ReadonlyArray<string>
  /** What a rebuild drops. */
  readonly tables: ReadonlyArray<string>
  /** Creates the tables. */
  readonly setup: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
  /** Applies events in the log's order, inside the transaction that also moves the checkpoint. Never reads the clock. */
  readonly apply: (
    sql: SqlClient.SqlClient,
    events: Array.NonEmptyReadonlyArray<RecordedEvent>
  ) => Effect.Effect<unknown, SqlError.SqlError>
  /** Once at start, before any event: reads back what is kept in memory beside the rows. */
  readonly hydrate?: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
  /** After the commit: for what is kept in memory beside the rows. */
  readonly applied?: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => void
}

/** The views of this process, and how far they have come. */
export class Views extends Context.Service<
  Views,
  {
    /** Waits until the views show everything up to this position. */
    readonly reached: (position: bigint) => Effect.Effect<void>
    readonly position: Effect.Effect<bigint | undefined>
  }
>()("homing/services/projections/Views") {}
