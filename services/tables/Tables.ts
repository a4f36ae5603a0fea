import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Creates tables of the views' database. Of several gateways that start at once one creates them, the others wait. */
export const creating = <A, E, R>(
  sql: SqlClient.SqlClient,
  tables: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  sql.onDialectOrElse({
    pg: () => sql.withTransaction(Effect.andThen(sql`SELECT pg_advisory_xact_lock(hashtext('homing schema'))`, tables)),
    orElse: () => tables
  })
