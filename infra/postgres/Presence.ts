import { Context, Effect, Layer, type Redacted, Schedule, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { innermost, mayPass } from "./Passing.ts"
import * as PostgresClient from "./PostgresClient.ts"
import * as PostgresUrl from "./PostgresUrl.ts"

/** Names the server, which is no secret, and what it or the operating system said last. */
export class PostgresAbsent extends Schema.TaggedError<PostgresAbsent>()("PostgresAbsent", {
  host: Schema.String,
  port: Schema.Int,
  last: Schema.String
}) {
  override get message() {
    const way = "see whether it runs there, and whether DATABASE_URL says what it should"
    return `PostgreSQL cannot be used: no useful answer at ${this.host}:${this.port}: ${this.last}; ${way}`
  }
}

const words = (error: SqlError.SqlError) => innermost(error).message || innermost(error).code || error.message

/** PostgreSQL as soon as it is there. One that is away at a start is waited for, and that is said once. */
export const layer = (url: Redacted.Redacted, patienceMillis = 30_000) =>
  Layer.tap(PostgresClient.layer(url), (context) =>
    Effect.flatMap(PostgresUrl.parse(url), (address) =>
      answered(Context.get(context, SqlClient.SqlClient), address, patienceMillis)
    )
  )

const answered = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { host, port }: PostgresUrl.PostgresAddress,
  patienceMillis: number
) {
  const absent = (last: string) => new PostgresAbsent({ host, port, last })
  let last: string | undefined
  const waiting = (error: SqlError.SqlError) =>
    Effect.suspend(() => {
      const isFirst = last === undefined
      last = words(error)
      return isFirst ? Effect.logWarning("PostgreSQL is not there; it is waited for", { reason: last }) : Effect.void
    })
  yield* sql`SELECT 1`.pipe(
    Effect.tapError((error) => (mayPass(error) ? waiting(error) : Effect.void)),
    Effect.retry({ while: mayPass, schedule: Schedule.spaced("500 millis") }),
    Effect.mapError((error) => absent(words(error))),
    Effect.timeoutOrElse({
      duration: patienceMillis,
      orElse: () => Effect.suspend(() => Effect.fail(absent(last ?? "silence")))
    })
  )
  if (last !== undefined) yield* Effect.logInfo("PostgreSQL is there")
})
