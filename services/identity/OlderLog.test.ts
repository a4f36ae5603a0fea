import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { EventId, StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { checkpoints, deliverer, dispatcher, type Mark, metaCheckpoints, rowOf } from "../tables/Positions.ts"
import { open } from "../tables/Tables.ts"
import * as OlderLog from "./OlderLog.ts"

const other = EventId.make("00000000-0000-4000-8000-000000000009")
const readers = [
  [checkpoints, { view_name: "devices", view_version: 1 }, "its views"],
  [dispatcher, { id: 1 }, "the commands that were handed to agents"],
  [deliverer, { id: 1 }, "what was delivered to endpoints"],
  [metaCheckpoints, { name: "split" }, "what was taken apart of Meta's requests"]
] as const

/** A log of three events, and tables beside it. */
const scene = Effect.gen(function* () {
  const database = SqliteClient.layer(":memory:", { durability: "checkpoint" })
  const ground = yield* Layer.build(Layer.fresh(Layer.merge(SqliteEventStore.layer(":memory:"), database)))
  const [sql, store] = [Context.get(ground, SqlClient.SqlClient), Context.get(ground, EventStore)]
  const stream = StreamId.make("message-1")
  yield* store.append(stream, "no_stream", [newEvent("a.v1"), newEvent("b.v1"), newEvent("c.v1")])
  const [, second] = yield* store.read(stream)
  for (const [table] of readers) yield* open(sql, table)
  /** What a start says, when a server has had time to come from behind. */
  const start = Effect.gen(function* () {
    const begun = Effect.scoped(Layer.build(Layer.fresh(OlderLog.views))).pipe(Effect.provideContext(ground))
    const starting = yield* Effect.forkChild(
      Effect.match(begun, { onFailure: ({ message }) => message, onSuccess: () => "begun" })
    )
    yield* TestClock.adjust("2 seconds")
    return yield* Fiber.join(starting)
  })
  return { second: second!, sql, start }
})

for (const [table, key, what] of readers) {
  it.effect(`a start goes by the event that stands where ${what} have come to`, () =>
    Effect.gen(function* () {
      const { second, sql, start } = yield* scene
      const { eventId, position } = second
      const say = (mark: Mark) => sql`UPDATE ${sql(table.name)} SET ${sql.update(rowOf(mark))}`
      yield* sql`INSERT INTO ${sql(table.name)} ${sql.insert({ ...key, ...rowOf(second) })}`
      assert.strictEqual(yield* start, "begun")
      yield* say({ position, eventId: other })
      const line = `the log is not the one of ${what}: at ${position} they have read the event ${other}, and there stands ${eventId}.`
      assert.include(yield* start, line)
      yield* say({ position, eventId: undefined })
      assert.strictEqual(yield* start, "begun")
      yield* say({ position: position + 9n, eventId })
      assert.include(yield* start, `the log is older than ${what}: it ends at 3, and they have come to 11.`)
    })
  )
}
