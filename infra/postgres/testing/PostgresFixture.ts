import { Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { postgres } from "../../../test/servers/Postgres.ts"
import * as PostgresClient from "../PostgresClient.ts"

const make = Effect.gen(function* () {
  const server = yield* postgres({ settings: { fsync: "off" } })
  return { ...server, database: Effect.map(server.database, Redacted.make) }
})

/** A PostgreSQL server for the tests of one file. What it promises of a power cut is not what they look at. */
export class Postgres extends Context.Service<Postgres, Effect.Success<typeof make>>()(
  "homing/infra/postgres/Postgres"
) {
  static readonly layer = Layer.effect(this, make)
}

/** A client with connections of its own, as another process has them. */
export const clientOf = (url: Redacted.Redacted, options?: PostgresClient.Options) =>
  Layer.build(Layer.fresh(PostgresClient.layer(url, options))).pipe(
    Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
    Effect.orDie
  )
