import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as Stands from "#services/layers/ReadingAdapters.ts"
import { addressesOf } from "#services/testing/Composition.ts"
import { beside } from "#services/views/Beside.ts"
import { Registrations } from "#services/views/Registrations.ts"
import { used } from "./UsedFolder.ts"

interface Made {
  readonly name: string
  readonly sql: string
}

const madeIn = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<Made>`SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name`, (rows) =>
    rows.map(({ name, sql: text }) => [name, text])
  )

it.live("every view can be made beside: its tables and indexes are the same but for their names", () =>
  Effect.gen(function* () {
    const { copy } = yield* used
    const registrations = Effect.provide(Registrations, Stands.views(copy(), addressesOf({}), "local"))
    const views = (yield* registrations).all().map(({ rows }) => rows)
    assert.isAbove(views.length, 10)
    for (const view of views) {
      const [plain, other] = [yield* SqliteClient.inMemory, yield* SqliteClient.inMemory]
      yield* view.setup(plain)
      yield* beside(view).setup(other)
      const unnamed = (yield* madeIn(other)).map((made) => made.map((one) => one.replaceAll(/__(next|1)\b/g, "")))
      assert.deepStrictEqual(unnamed, yield* madeIn(plain), view.name)
      const tables = view.tables.map(({ name }) => name)
      const columns = yield* Effect.forEach(
        tables,
        (table) => plain<{ readonly name: string }>`SELECT name FROM pragma_table_xinfo(${table})`
      )
      const alike = columns.flat().filter(({ name }) => tables.includes(name))
      assert.deepStrictEqual(alike, [], `${view.name}: a column is named as a table is, and would be renamed with it`)
    }
  })
)
