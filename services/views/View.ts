import { type Array, Context, Effect, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** Rows folded from events. Bump `version` to have them made anew from the first event, and say so in the CHANGELOG. */
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
  /** After the commit: what `apply` has written may be remembered. */
  readonly applied?: () => void
  readonly following: Following
}

/** What everybody else asks in memory: kept up to date from the events alone, whoever writes the rows, and if nobody can. */
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
    /** Waits until this process knows every client, key and device up to this position. */
    readonly reached: (position: bigint) => Effect.Effect<void>
    /** Waits until it knows as well which messages are open: without rows that is the whole log to read. */
    readonly counted: (position: bigint) => Effect.Effect<void>
    /** Waits until the rows do, whoever writes them. */
    readonly written: (position: bigint) => Effect.Effect<void>
    /** Up to where messages are counted. */
    readonly position: Effect.Effect<bigint | undefined>
  }
>()("homing/services/views/Views") {}

const patience = "5 seconds"

/** For who answers a caller about what was just recorded: until this process goes by it, but not for ever. */
export const inForce = (views: Views["Service"], position: bigint): Effect.Effect<void, EventStoreUnavailable> =>
  Effect.timeoutOrElse(views.reached(position), {
    duration: patience,
    orElse: () =>
      Effect.fail(
        new EventStoreUnavailable({ written: "unknown", cause: new Error("what was recorded is not heard of here") })
      )
  })
