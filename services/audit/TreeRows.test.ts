import { describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { auditContract } from "./contract.ts"

describe("the audit tree in SQLite", () => {
  const database = Effect.map(
    Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
    (services) => Context.get(services, SqlClient.SqlClient)
  )
  for (const [what, holds] of auditContract(database)) it.effect(what, () => Effect.scoped(holds))
})

describeWith("PostgreSQL", "the audit tree in PostgreSQL", () => {
  it.layer(Postgres.layer)("side by side", (it) => {
    const database = Effect.flatMap(Postgres, (server) => Effect.flatMap(server.database, clientOf))
    for (const [what, holds] of auditContract(database)) it.effect(what, () => Effect.scoped(holds))
  })
})
