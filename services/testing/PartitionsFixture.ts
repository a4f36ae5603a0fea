import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Leases } from "#domain/ports/Leases.ts"
import * as PostgresLeases from "#infra/leases/Postgres.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import * as Partitions from "../runtime/Partitions.ts"

/**
 * A process that writes its name, for as long as it holds a partition, into that partition's journal: run by the test
 * beside others, killed and stopped. Ends gracefully with SIGTERM.
 */
export const group = { name: "journal", partitions: 8 }
export const timing = { leaseMillis: 1_500, renewalMillis: 400 }

const [url, name] = [process.env.JOURNAL_URL, process.env.JOURNAL_NAME]
if (url !== undefined && name !== undefined) {
  const program = Effect.gen(function* () {
    const leases = yield* Leases
    const sql = yield* SqlClient.SqlClient
    const write = ({ partition, token }: { readonly partition: number; readonly token: bigint }) =>
      sql`INSERT INTO journal ${sql.insert({ partition, token, name })}`
    console.log("ready")
    yield* Partitions.run(group, (lease) =>
      leases.fenced(lease, write(lease)).pipe(Effect.andThen(Effect.sleep("20 millis")), Effect.forever)
    )
  }).pipe(
    Effect.provide(PostgresLeases.layer(timing).pipe(Layer.provideMerge(PostgresClient.layer(Redacted.make(url)))))
  )
  const ended = new AbortController()
  process.once("SIGTERM", () => ended.abort())
  await Effect.runPromiseExit(program, { signal: ended.signal })
}
