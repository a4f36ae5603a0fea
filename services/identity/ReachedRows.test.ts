import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { EventId } from "#domain/Ids.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { checkpoints, deliverer, dispatcher, metaCheckpoints, rowOf } from "../tables/Positions.ts"
import { open } from "../tables/Tables.ts"
import { marksIn } from "./ReachedRows.ts"

const eventId = EventId.make("00000000-0000-4000-8000-000000000007")
const database = SqliteClient.layer(":memory:", { durability: "checkpoint" })

it.effect("what a release before wrote is a position without its event, and so is what it moves later", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const table of [dispatcher, deliverer]) {
      yield* table.create(sql)
      yield* sql`INSERT INTO ${sql(table.name)} (id, position) VALUES (1, '5')`
      assert.deepStrictEqual(yield* marksIn(table), [{ position: 5n, eventId: undefined }])
      yield* sql`UPDATE ${sql(table.name)} SET ${sql.update(rowOf({ position: 7n, eventId }))}`
      assert.deepStrictEqual(yield* marksIn(table), [{ position: 7n, eventId }])
      yield* sql`UPDATE ${sql(table.name)} SET position = '9' WHERE id = 1 AND position = '7'`
      assert.deepStrictEqual(yield* marksIn(table), [
        { position: 9n, eventId: undefined },
        { position: 7n, eventId }
      ])
    }
  }).pipe(Effect.provide(database))
)

it.effect("views that were begun anew have come nowhere; what is no event is refused by the table's name", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* open(sql, checkpoints)
    yield* sql`INSERT INTO checkpoints (view_name, view_version, position) VALUES ('devices', 1, NULL)`
    assert.deepStrictEqual(yield* marksIn(checkpoints), [])
    yield* sql`UPDATE checkpoints SET position = '3', event = 'x', event_position = '3'`
    assert.match((yield* Effect.flip(marksIn(checkpoints))).message, /the table checkpoints in .* cannot be used/)
  }).pipe(Effect.provide(database))
)

it.effect("a position that is none, or stands before the first event, is refused by the table's name", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const table of [dispatcher, deliverer, metaCheckpoints, checkpoints]) {
      yield* open(sql, table)
      const key = { checkpoints: "view_name", meta_checkpoints: "name" }[table.name] ?? "id"
      const more = table === checkpoints ? { view_version: 1 } : {}
      yield* sql`INSERT INTO ${sql(table.name)} ${sql.insert({ [key]: "1", position: "5", ...more })}`
      for (const position of ["0", "-1", "", "x", "1.5", " 7"]) {
        yield* sql`UPDATE ${sql(table.name)} SET position = ${position}`
        const refusal = yield* Effect.flip(marksIn(table))
        assert.match(
          refusal.message,
          new RegExp(`the table ${table.name} in .* cannot be used: a position in it is none`)
        )
      }
      if (table === checkpoints) continue
      const emptied = yield* Effect.exit(sql`UPDATE ${sql(table.name)} SET position = NULL`)
      assert.strictEqual(emptied._tag, "Failure")
    }
  }).pipe(Effect.provide(database))
)
