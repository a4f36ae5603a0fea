import { Context, Effect, Schema } from "effect"
import { SqlError } from "effect/sql"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { Making } from "./Remaking.ts"

/** What the views are kept in did not answer as it should. */
export class ViewsUnavailable extends Schema.TaggedError<ViewsUnavailable>()("ViewsUnavailable", {
  cause: Schema.Defect()
}) {}

/** For who answers a caller from rows. */
export const readable = <A, E, R>(
  reading: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, SqlError.SqlError> | ViewsUnavailable, R> =>
  Effect.mapError(reading, (error) =>
    SqlError.isSqlError(error) ? new ViewsUnavailable({ cause: error }) : (error as Exclude<E, SqlError.SqlError>)
  )

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
    /** Whether what this process keeps in memory stands still, or is read from the log once more: it may show the past. */
    readonly stands: () => boolean
    /** Whether rows that this process writes lack something, and stand still or are made anew. */
    readonly rowsStand: () => boolean
    /** Rows of this release that this process makes beside those of an older one, which are read meanwhile. */
    readonly making: () => Making | undefined
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
