import { Effect } from "effect"
import { type SqlClient, SqlError } from "effect/sql"

/** The database lets nobody wait for a lock for long: a minute in all. */
const patiently = {
  times: 20,
  while: (error: unknown) => SqlError.isSqlError(error) && error.reason._tag === "LockTimeoutError"
}

/** Creates tables. Of several processes that start at once one creates them: the others wait, and find them. */
export const creating = <A, E, R>(
  sql: SqlClient.SqlClient,
  tables: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  Effect.retry(
    sql.withTransaction(Effect.andThen(sql`SELECT pg_advisory_xact_lock(hashtext('homing schema'))`, tables)),
    patiently
  )
