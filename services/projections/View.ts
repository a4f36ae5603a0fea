import { type Array, Context, type Effect, Schema } from "effect"
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
  /** Before any event is applied: reads back what is kept in memory beside the rows. */
  readonly hydrate?: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
  /** After the commit: for what is kept in memory beside the rows. */
  readonly applied?: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => void
  /** In place of all that, where another process may write the rows. */
  readonly following: Following
}

/** Keeps what is in memory beside the rows up to date from the events alone. */
export interface Following {
  /** Once, from rows that hold the events up to some position. */
  readonly hydrate: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
  /** The events after that position, each once. */
  readonly follow: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => void
  /** Now and then: what cannot be told from events without the rows. */
  readonly recount?: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>
}

/** What the views are kept in did not answer as it should. */
export class ViewsUnavailable extends Schema.TaggedError<ViewsUnavailable>()("ViewsUnavailable", {
  cause: Schema.Defect()
}) {}

/** The views of this process, and how far they have come. */
export class Views extends Context.Service<
  Views,
  {
    /** Waits until what this process keeps in memory shows everything up to this position. */
    readonly reached: (position: bigint) => Effect.Effect<void>
    /** Waits until the rows do, whoever writes them. */
    readonly written: (position: bigint) => Effect.Effect<void>
    readonly position: Effect.Effect<bigint | undefined>
  }
>()("homing/services/projections/Views") {}
