import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DeviceId, EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import * as Log from "../telemetry/Log.ts"
import { begun, deviceCreated, home, provenance, uuid } from "../testing/ViewsFixture.ts"
import * as Memory from "./Memory.ts"
import * as Rows from "./Rows.ts"
import { Seals } from "./Seals.ts"

const lines: Array<string> = []
const world = Layer.mergeAll(
  SqliteEventStore.layer(":memory:"),
  SqliteClient.layer(":memory:", { durability: "checkpoint" }),
  Layer.provide(Seals.layer, provenance),
  Log.layer({ level: "info", out: { write: (line) => void lines.push(JSON.parse(line).msg) } })
)

it.effect("a gateway that finds rows of another release begins with the log itself, and says so", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const store = yield* EventStore
    const { memory, rows, shown } = yield* begun(DeviceRegistry, DeviceRegistry.layer)
    const { data, metadata, stream, type } = deviceCreated(home, 0n)
    yield* store.append(stream, "no_stream", [{ eventId: EventId.make(uuid(1)), type, data, metadata }])
    yield* Rows.createCheckpoints(sql)
    yield* rows.setup(sql)
    yield* sql`INSERT INTO checkpoints (view_name, view_version, position)
      VALUES (${rows.name}, ${rows.version - 1}, '7')`
    const starting = yield* Effect.forkChild(Memory.follow([{ memory: memory!, rows }], undefined))
    yield* TestClock.adjust("4 seconds")
    assert.isUndefined(starting.pollUnsafe())
    assert.deepStrictEqual(lines, [])
    yield* TestClock.adjust("1 second")
    const { counted } = yield* Fiber.join(starting)
    assert.lengthOf(lines, 1)
    assert.include(lines[0], "not of this release")
    yield* counted((yield* store.head)!)
    assert.deepStrictEqual([...shown.keys()], [DeviceId.make(home)])
    yield* TestClock.adjust("5 minutes")
    assert.lengthOf(lines, 1)
  }).pipe(Effect.scoped, Effect.provide(world))
)

it.effect("one that has its own a moment later begins with them", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { memory, rows } = yield* begun(DeviceRegistry, DeviceRegistry.layer)
    yield* Rows.createCheckpoints(sql)
    yield* rows.setup(sql)
    const starting = yield* Effect.forkChild(Memory.follow([{ memory: memory!, rows }], undefined))
    yield* TestClock.adjust("4 seconds")
    const seal = (yield* Seals).seal(rows, { position: 7n, weight: 0n })
    yield* sql`INSERT INTO checkpoints (view_name, view_version, position, seal)
      VALUES (${rows.name}, ${rows.version}, '7', ${seal})`
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* (yield* Fiber.join(starting)).position, 7n)
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(world)))
)
