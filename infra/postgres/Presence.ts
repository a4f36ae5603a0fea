import { Context, Effect, Layer, type Redacted, Schedule, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as PostgresClient from "./PostgresClient.ts"
import * as PostgresUrl from "./PostgresUrl.ts"

/** Names the server, which is no secret, and what it or the operating system said last. */
export class PostgresAbsent extends Schema.TaggedError<PostgresAbsent>()("PostgresAbsent", {
  host: Schema.String,
  port: Schema.Int,
  last: Schema.String
}) {
  override get message() {
    return `PostgreSQL cannot be used: no useful answer at ${this.host}:${this.port}: ${this.last}`
  }
}

/** What the system says of a server that is away, and the server while it starts, stops or has no connection to give. */
const passing: ReadonlySet<unknown> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"],
  ...["57P01", "57P02", "57P03", "53300"]
])

const innermost = (error: unknown): Partial<NodeJS.ErrnoException> =>
  error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : (error as Error)
const words = (error: SqlError.SqlError) => innermost(error).message || innermost(error).code || error.message
/** A connection that ended or stayed silent has no code; one that is refused for what it is, has another. */
const mayPass = (error: SqlError.SqlError) => {
  const { code, message = "" } = innermost(error)
  if (code !== undefined) return passing.has(code)
  return error.reason._tag === "ConnectionError" && !/\b(TLS|SSL)\b/.test(message)
}

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
