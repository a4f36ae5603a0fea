import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import * as Log from "../telemetry/Log.ts"
import { begun } from "../testing/ViewsFixture.ts"
import * as Memory from "./Memory.ts"
import * as Rows from "./Rows.ts"

const lines: Array<string> = []
const world = Layer.mergeAll(
  SqliteEventStore.layer(":memory:"),
  SqliteClient.layer(":memory:", { durability: "checkpoint" }),
  Log.layer({ level: "info", out: { write: (line) => void lines.push(JSON.parse(line).msg) } })
)

it.effect("a gateway that finds rows of another release waits for its own, and says so now and then", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { memory, rows } = yield* begun(DeviceRegistry, DeviceRegistry.layer)
    yield* Rows.createCheckpoints(sql)
    yield* rows.setup(sql)
    yield* sql`INSERT INTO checkpoints (view_name, view_version, position)
      VALUES (${rows.name}, ${rows.version - 1}, '7')`
    const starting = yield* Effect.forkChild(Memory.follow([{ memory: memory!, rows }]))
    yield* TestClock.adjust("4 seconds")
    assert.deepStrictEqual(lines, [])
    yield* TestClock.adjust("1 second")
    yield* TestClock.adjust("59 seconds")
    assert.strictEqual(lines.length, 1)
    assert.include(lines[0], "not of this release")
    yield* TestClock.adjust("1 second")
    assert.strictEqual(lines.length, 2)
    assert.isUndefined(starting.pollUnsafe())

    yield* sql`UPDATE checkpoints SET view_version = ${rows.version}`
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* (yield* Fiber.join(starting)).position, 7n)
    yield* TestClock.adjust("5 minutes")
    assert.strictEqual(lines.length, 2)
  }).pipe(Effect.provide(world))
)
