import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { clientOf, Postgres } from "#infra/postgres/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { viewsContract } from "./contract.ts"
import { Databases } from "./ViewsFixture.ts"

const inMemory = Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))).pipe(
  Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
  Effect.orDie
)
viewsContract("SQLite", Layer.succeed(Databases, { empty: inMemory }))

describeWith("PostgreSQL", "views", () => {
  viewsContract(
    "PostgreSQL",
    Layer.effect(
      Databases,
      Effect.map(Postgres, ({ database }) => ({ empty: Effect.flatMap(database, (url) => clientOf(url)) }))
    ).pipe(Layer.provide(Postgres.layer))
  )
})
