import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import * as ListedRows from "../messages/ListedRows.ts"
import * as MessagesRows from "../messages/MessagesRows.ts"
import { Databases, home } from "../testing/ViewsFixture.ts"
import { viewsContract } from "./contract.ts"

const inMemory = Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))).pipe(
  Effect.map((context) => Context.get(context, SqlClient.SqlClient)),
  Effect.orDie
)
viewsContract("SQLite", Layer.succeed(Databases, { empty: inMemory }))

it.effect("a page of messages is read from one index, in its order, by whatever it is asked for", () =>
  Effect.gen(function* () {
    const sql = yield* inMemory
    yield* MessagesRows.view.setup(sql)
    const planOf = Effect.fnUntraced(function* (filter: { readonly status?: string; readonly device?: string }) {
      const statements: Array<Statement.Statement<object>> = []
      const heard = new Proxy(sql, {
        apply: (target, self, [first, ...others]) => {
          const statement = Reflect.apply(target, self, [first, ...others])
          statements.push(statement)
          return statement
        }
      })
      yield* ListedRows.list(heard, {
        client: undefined,
        status: undefined,
        device: undefined,
        after: 7n,
        limit: 50,
        ...filter
      })
      const [text, parameters] = statements.at(-1)!.compile()
      const plan = yield* sql.unsafe<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${text}`, parameters)
      return plan.map(({ detail }) => detail)
    })
    const [status, device] = ["failed", home]
    assert.deepStrictEqual(yield* Effect.forEach([{}, { status }, { device }, { status, device }], planOf), [
      ["SEARCH messages USING INTEGER PRIMARY KEY (rowid<?)"],
      ["SEARCH messages USING INDEX messages_by_status (status=? AND position<?)"],
      ["SEARCH messages USING INDEX messages_by_device (device=? AND position<?)"],
      ["SEARCH messages USING INDEX messages_by_device_status (device=? AND status=? AND position<?)"]
    ])
  })
)

describeWith("PostgreSQL", "views", () => {
  viewsContract(
    "PostgreSQL",
    Layer.effect(
      Databases,
      Effect.map(Postgres, ({ database }) => ({ empty: Effect.flatMap(database, (url) => clientOf(url)) }))
    ).pipe(Layer.provide(Postgres.layer))
  )
})
