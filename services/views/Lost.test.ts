import { assert, it } from "@effect/vitest"
import { type Array, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Client } from "#domain/access/Client.ts"
import { base64url } from "#domain/Bytes.ts"
import { ApiKeyId, ClientId, DeviceId, EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { Roster } from "../access/Roster.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import { Freshness } from "../runtime/Freshness.ts"
import * as Log from "../telemetry/Log.ts"
import {
  away,
  deviceChanged,
  deviceCreated,
  home,
  provenance,
  queued,
  recorded,
  reported,
  sealed,
  uuid
} from "../testing/ViewsFixture.ts"
import * as Projections from "./Projections.ts"
import { Readiness } from "./Readiness.ts"
import { Views } from "./Views.ts"

const client = ClientId.make(uuid(201))
const key = ApiKeyId.make("first")
const ofClient = [
  { type: "client.created.v1", data: { name: sealed } },
  { type: "client.key_issued.v1", data: { key, digest: base64url(new Uint8Array(32)), scopes: ["messages:send"] } },
  { type: "client.devices_set.v1", data: { devices: [home] } },
  { type: "client.key_revoked.v1", data: { key } }
].map((event, i) => recorded(Client.streamOf(client), i, 0n, event)) as [RecordedEvent, ...Array<RecordedEvent>]
const revoked = ofClient.pop()!

const world = Layer.mergeAll(
  SqliteEventStore.layer(":memory:"),
  Layer.provideMerge(InProcessLeases.layer, SqliteClient.layer(":memory:", { durability: "checkpoint" }))
)

let ids = 1_000
const append = (...events: Array.NonEmptyArray<RecordedEvent>) =>
  Effect.gen(function* () {
    const store = yield* EventStore
    let position = 0n
    for (const { data, metadata, revision, stream, type } of events) {
      const event = { eventId: EventId.make(uuid(ids++)), type, data, metadata }
      ;({ position } = yield* store.append(stream, revision === 0 ? "no_stream" : revision - 1, [event]))
    }
    return position
  })

/** One life of a gateway's views, and what its log said. */
const life = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<{ msg: string; level: string; problem?: string }> = []
    const registering = Layer.mergeAll(QueueDepth.layer, DeviceRegistry.layer, Roster.layer)
    yield* work.pipe(
      Effect.provide(
        Layer.fresh(
          Readiness.layer.pipe(
            Layer.provideMerge(Projections.layer(registering)),
            Layer.provide([Freshness.layer, provenance])
          )
        )
      ),
      Effect.provide(Log.layer({ level: "warn", out: { write: (line) => void lines.push(JSON.parse(line)) } })),
      Effect.scoped
    )
    return lines
  })
const until = (position: bigint) =>
  Effect.gen(function* () {
    const views = yield* Views
    yield* Effect.all([views.reached(position), views.counted(position), views.written(position)])
    return views
  })

/** Two devices, a client with a key, two messages, all of them in the rows. */
const begun = Effect.gen(function* () {
  const last = yield* append(
    deviceCreated(home, 0n),
    deviceCreated(away, 0n),
    ...ofClient,
    queued(1, 0n, home),
    queued(2, 0n, home)
  )
  assert.deepStrictEqual(yield* life(until(last)), [])
  return yield* SqlClient.SqlClient
})
const rows = (sql: SqlClient.SqlClient) =>
  Effect.all({
    devices: sql`SELECT id FROM devices ORDER BY devices.position`,
    messages: sql`SELECT id, status FROM messages ORDER BY messages.position`,
    keys: sql`SELECT id, revoked FROM access_keys`,
    clients: sql`SELECT id, devices FROM access_clients`,
    senders: sql`SELECT id FROM message_senders ORDER BY number`
  })
const whole = {
  devices: [{ id: home }, { id: away }],
  messages: [
    { id: uuid(1), status: "queued" },
    { id: uuid(2), status: "queued" }
  ],
  keys: [{ id: key, revoked: 0 }],
  clients: [{ id: client, devices: JSON.stringify([home]) }],
  senders: [{ id: "configured" }, { id: key }]
}

it.live("a row that is lost stops nothing: what is in memory, and the rows, are made of the log again", () =>
  Effect.gen(function* () {
    const sql = yield* begun
    yield* sql`DELETE FROM messages WHERE id = ${uuid(1)}`
    const lines = yield* life(
      Effect.gen(function* () {
        yield* until((yield* (yield* EventStore).head)!)
        yield* sql`DELETE FROM devices WHERE id = ${home}`
        const last = yield* append(deviceChanged(home, 1, 0n, "paired"), reported(1, 1, 0n, "sent"), revoked)
        const views = yield* until(last)
        assert.deepStrictEqual([views.stands(), views.rowsStand()], [false, false])
        assert.isTrue((yield* DeviceRegistry).get(DeviceId.make(home))!.paired)
        assert.isTrue((yield* Roster).keys.get(key)!.revoked)
        assert.isUndefined((yield* Readiness).lag())
      })
    )
    assert.deepStrictEqual(lines.map(({ level, msg, problem }) => [level, msg, problem]).toSorted(), [
      ["warn", "rows are not what was written; they are made anew from the log", "a row is missing"],
      [
        "warn",
        "rows are not what was written; they are made anew from the log",
        "a row was changed, added or taken away"
      ]
    ])
    assert.deepStrictEqual(yield* rows(sql), {
      ...whole,
      messages: [{ id: uuid(1), status: "sent" }, whole.messages[1]!],
      keys: [{ id: key, revoked: 1 }]
    })
    assert.deepStrictEqual(yield* life(until(yield* append(queued(3, 0n, home)))), [])
  }).pipe(Effect.provide(Layer.fresh(world)))
)

it.live("what the log itself has lost is out of date, and no row is dropped for it", () =>
  Effect.gen(function* () {
    const sql = yield* begun
    const lines = yield* life(
      Effect.gen(function* () {
        const views = yield* Views
        const { lag } = yield* Readiness
        yield* eventually(Effect.sync(lag), (found) => found === undefined)
        const headless = deviceChanged(uuid(103), 0, 0n, "paired")
        yield* append(headless, revoked)
        yield* eventually(Effect.sync(lag), (found) => found === "out_of_date")
        yield* eventually(Effect.sync(views.rowsStand), (stand) => stand)
        yield* Effect.sleep("2 seconds") // it is tried again, and fails again
        assert.deepStrictEqual([lag(), views.rowsStand()], ["out_of_date", true])
      })
    )
    assert.lengthOf(
      lines.filter(({ problem }) => problem === "a row is missing"),
      0
    )
    assert.include(JSON.stringify(lines), "began with is missing")
    assert.lengthOf(yield* sql`SELECT id FROM devices`, 2)
  }).pipe(Effect.provide(Layer.fresh(world)))
)

it.live("each table that was emptied is noticed at a start, and a key without its client", () =>
  Effect.gen(function* () {
    const sql = yield* begun
    const spoilt = [
      [sql`DELETE FROM access_keys`, "access_keys was emptied"],
      [sql`DELETE FROM access_clients`, "access_clients was emptied"],
      [sql`DELETE FROM message_senders`, "message_senders was emptied"],
      [sql`DELETE FROM messages`, "messages was emptied"],
      [sql`DELETE FROM devices`, "devices was emptied"],
      [sql`UPDATE access_clients SET id = ${uuid(202)}`, "a row was changed, added or taken away"]
    ] as const
    for (const [spoil, expected] of spoilt) {
      yield* spoil
      const lines = yield* life(
        Effect.gen(function* () {
          yield* until((yield* (yield* EventStore).head)!)
          assert.deepStrictEqual((yield* Roster).clients.get(client)?.devices, new Set([DeviceId.make(home)]))
        })
      )
      assert.deepStrictEqual(
        lines.map(({ problem }) => problem),
        [expected]
      )
      assert.deepStrictEqual(yield* rows(sql), whole)
    }
    const unlimited = yield* Effect.exit(sql`UPDATE access_clients SET devices = NULL`)
    assert.strictEqual(unlimited._tag, "Failure")
  }).pipe(Effect.provide(Layer.fresh(world)))
)

it.live(
  "rows whose place in the log was taken away, or moved to and fro, are made anew: nothing is written twice, or never",
  () =>
    Effect.gen(function* () {
      const sql = yield* begun
      const at = (view: string) =>
        Effect.map(
          sql<{ readonly position: string }>`SELECT position FROM checkpoints WHERE view_name = ${view}`,
          ([row]) => row!.position
        )
      const moves = [
        sql`UPDATE checkpoints SET position = NULL WHERE view_name = 'messages'`,
        sql`UPDATE checkpoints SET position = NULL, event = NULL, event_position = NULL WHERE view_name = 'messages'`,
        sql`UPDATE checkpoints SET position = '1' WHERE view_name = 'messages'`
      ]
      for (const move of moves) {
        yield* move
        const head = (yield* (yield* EventStore).head)!
        const lines = yield* life(until(head))
        assert.deepStrictEqual(
          lines.map(({ problem }) => problem),
          ["their place in the log is not theirs"]
        )
        assert.deepStrictEqual([yield* rows(sql), yield* at("messages")], [whole, String(head)])
      }
      const last = yield* append(queued(3, 0n, home))
      yield* sql`UPDATE checkpoints SET position = ${String(last)} WHERE view_name = 'messages'`
      yield* life(until(last))
      assert.lengthOf((yield* rows(sql)).messages, 3)
    }).pipe(Effect.provide(Layer.fresh(world)))
)
