import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { Home } from "../tables/Home.ts"
import * as Log from "../telemetry/Log.ts"
import { deviceCreated, emptyDatabase, provenance, uuid } from "../testing/ViewsFixture.ts"
import * as Projections from "../views/Projections.ts"
import { Views } from "../views/Views.ts"
import { DeviceRegistry } from "./DeviceRegistry.ts"

/** What devices' rows owe their readers on every database when somebody has changed them. */
export const rowsMended = Effect.gen(function* () {
  const sql = yield* emptyDatabase
  const store = yield* EventStore
  const ids = [uuid(1), uuid(2)]
  let last = 0n
  for (const id of ids) {
    const { data, metadata, stream, type } = deviceCreated(id, 0n)
    const event = { eventId: EventId.make(id), type, data, metadata }
    ;({ position: last } = yield* store.append(stream, "no_stream", [event]))
  }
  const registry = (own: SqlClient.SqlClient) =>
    Projections.layer(DeviceRegistry.layer).pipe(
      Layer.provide([InProcessLeases.layer, provenance]),
      Layer.provide(Layer.succeed(SqlClient.SqlClient, own))
    )
  const forged = "a row was changed, added or taken away"
  const misplaced = "their place in the log is not theirs"
  const lines: Array<string> = []
  const life = Effect.gen(function* () {
    const views = yield* Views
    const shown = yield* DeviceRegistry
    yield* views.reached(last)
    yield* views.written(last)
    assert.deepStrictEqual([...shown.keys()], ids)
  }).pipe(
    Effect.provide(Layer.fresh(registry(sql))),
    Effect.provideService(Home, { name: "the place", remedy: () => "", pristine: SqliteClient.inMemory }),
    Effect.scoped
  )
  const run = Effect.suspend(() =>
    Effect.provide(life, Log.layer({ level: "warn", out: { write: (line) => void lines.push(line) } }))
  )
  yield* run
  yield* run
  assert.deepStrictEqual(lines, [])
  const spoilt = [
    [sql`DELETE FROM devices`, "devices was emptied"],
    [sql`DROP TABLE devices`, "devices lacks the column id "],
    [sql`ALTER TABLE devices RENAME COLUMN removal TO removed`, "devices lacks the column removal "],
    [sql`UPDATE devices SET connection = 'nonsense'`, forged],
    [sql`UPDATE devices SET agent = 'other' WHERE id = ${ids[1]}`, forged],
    [sql`DELETE FROM devices WHERE id = ${ids[1]}`, forged],
    [
      sql`INSERT INTO devices SELECT ${uuid(3)}, position, tenant, transport, agent, name, named_by, connection, 1, reason,
        since, step, link_step, removal, number, numbered_by FROM devices WHERE id = ${ids[0]}`,
      forged
    ],
    [sql`UPDATE checkpoints SET position = '1'`, misplaced],
    [sql`UPDATE checkpoints SET position = NULL`, misplaced],
    [sql`UPDATE checkpoints SET seal = NULL`, forged]
  ] as const
  for (const [spoil, problem] of spoilt) {
    yield* spoil
    lines.length = 0
    yield* run
    assert.lengthOf(lines, 1, lines.join(""))
    assert.include(lines[0], "they are made anew from the log")
    assert.include(lines[0], '"place":"the place"')
    assert.include(lines[0], `"problem":"${problem}`)
    assert.notInclude(lines[0], "nonsense")
    assert.lengthOf(yield* sql`SELECT id FROM devices WHERE removal IS NULL AND connection = 'pairing'`, 2)
  }
}).pipe(Effect.provide(Layer.fresh(SqliteEventStore.layer(":memory:"))))
