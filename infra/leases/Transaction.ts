import { Cause, Effect, Exit } from "effect"
import type { SqlClient } from "effect/sql"
import { LeasesUnavailable } from "#domain/ports/Leases.ts"

/** `work` in a transaction. What the transaction itself suffers is told apart from what `work` fails with. */
export const transaction = <A, E, R>(sql: SqlClient.SqlClient, work: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let failed: Exit.Exit<A, E> | undefined
    return sql
      .withTransaction(
        Effect.onExit(work, (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) failed = exit
          })
        )
      )
      .pipe(
        Effect.catchCause(
          (cause): Effect.Effect<A, E | LeasesUnavailable> =>
            failed === undefined ? Effect.fail(new LeasesUnavailable({ cause: Cause.squash(cause) })) : failed
        )
      )
  })
