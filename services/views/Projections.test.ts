import { assert, it } from "@effect/vitest"
import { type Array, Context, Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Client } from "#domain/access/Client.ts"
import { base64url } from "#domain/Bytes.ts"
import { ApiKeyId, ClientId, DeviceId, EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { NewEvent, RecordedEvent } from "#domain/Recorded.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as PostgresLeases from "#infra/leases/Postgres.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { Roster } from "../access/Roster.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import {
  altered,
  deviceChanged,
  deviceCreated,
  home,
  provenance,
  queued,
  recorded,
  reported,
  sealed,
  uuid,
  writtenBy
} from "../testing/ViewsFixture.ts"
import * as Projections from "./Projections.ts"
import { Views } from "./Views.ts"

const device = DeviceId.make(home)
const client = ClientId.make(uuid(201))
const key = ApiKeyId.make("first")
const issued = [
  { type: "client.created.v1", data: { name: sealed } },
  { type: "client.key_issued.v1", data: { key, digest: base64url(new Uint8Array(32)), scopes: ["admin"] } }
]
const [created, keyIssued] = issued.map((event, i) => recorded(Client.streamOf(client), i, 0n, event))
const revoked = recorded(Client.streamOf(client), 2, 0n, { type: "client.key_revoked.v1", data: { key } })

let ids = 1_000
/** Appends what these would record; their own positions do not count. */
const append = (...events: Array.NonEmptyArray<RecordedEvent>) =>
  Effect.gen(function* () {
    const store = yield* EventStore
    let position = 0n
    for (const { data, metadata, revision, stream, type } of events) {
      const event: NewEvent = { eventId: EventId.make(uuid(ids++)), type, data, metadata }
      ;({ position } = yield* store.append(stream, revision === 0 ? "no_stream" : revision - 1, [event]))
    }
    return position
  })

/** One gateway's views, on connections of its own; `end` as a shutdown does. */
const gateway = Effect.fnUntraced(function* (url: Parameters<typeof PostgresClient.layer>[0]) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const applied: Array<string> = []
  const spied = writtenBy((own) => (sql, events) => {
    applied.push(...events.map(({ eventId }) => eventId))
    return own(sql, events)
  })
  const registering = Layer.mergeAll(QueueDepth.layer, DeviceRegistry.layer, Roster.layer)
  const context = yield* Layer.build(
    Layer.fresh(
      Projections.layer(altered(registering, spied)).pipe(
        Layer.provideMerge(PostgresLeases.layer({ leaseMillis: 1_000, renewalMillis: 200 })),
        Layer.provide(provenance),
        Layer.provideMerge(PostgresClient.layer(url))
      )
    )
  ).pipe(Effect.provideService(Scope.Scope, scope))
  const [depth, devices] = [Context.get(context, QueueDepth), Context.get(context, DeviceRegistry)]
  const shown = () => ({
    open: depth.total(),
    onDevice: depth.of(home),
    device: devices.get(device)?.connection,
    keys: [...Context.get(context, Roster).keys.values()].map((one) => one.revoked)
  })
  const views = Context.get(context, Views)
  return {
    applied,
    /** What its memory shows at this position. */
    at: (position: bigint) => Effect.map(views.reached(position), shown),
    written: views.written,
    sql: Context.get(context, SqlClient.SqlClient),
    end: Scope.close(scope, Exit.void)
  }
})

const world = Effect.gen(function* () {
  const url = yield* (yield* Postgres).database
  return { url, sql: yield* clientOf(url) }
})
const rowsOf = (sql: SqlClient.SqlClient) =>
  Effect.all([
    sql`SELECT id, status FROM messages ORDER BY messages.position`,
    sql`SELECT id FROM devices`,
    sql`SELECT revoked FROM access_keys`
  ])

describeWith("PostgreSQL", "views of several gateways", () => {
  it.layer(Layer.merge(Postgres.layer, SqliteEventStore.layer(":memory:")), { excludeTestServices: true })("", (it) => {
    it.effect("are written by one, known to all, and taken over when that one goes", () =>
      Effect.gen(function* () {
        const { sql, url } = yield* world
        const [a, b] = yield* Effect.all([gateway(url), gateway(url)], { concurrency: "unbounded" })
        const first = yield* append(
          deviceCreated(home, 0n),
          created!,
          keyIssued!,
          queued(1, 0n, home),
          queued(2, 0n, home)
        )
        const known = { open: 2, onDevice: 2, device: "pairing" as const, keys: [false] }
        assert.deepStrictEqual(yield* Effect.all([a.at(first), b.at(first)]), [known, known])
        yield* b.written(first)
        assert.deepStrictEqual([a.applied.length, b.applied.length].sort(), [0, 7]) // a client's are in two views

        const [leader, other] = a.applied.length > 0 ? [a, b] : [b, a]
        yield* leader.end
        const second = yield* append(reported(1, 1, 0n, "sent"), deviceChanged(home, 1, 0n, "paired"), revoked)
        // who waits for what it has just recorded waits for no takeover
        const now = { open: 1, onDevice: 1, device: "disconnected" as const, keys: [true] }
        const shown = yield* other.at(second)
        assert.deepStrictEqual({ ...shown, device: undefined }, { ...now, device: undefined })
        yield* other.written(second)
        assert.strictEqual(other.applied.length, 4)

        const third = yield* gateway(url)
        assert.deepStrictEqual(yield* third.at(second), shown)
        const last = yield* append(reported(2, 1, 0n, "failed"), queued(3, 0n, home), reported(3, 1, 0n, "attempting"))
        assert.strictEqual((yield* third.at(last)).open, 1)
        assert.strictEqual((yield* other.at(last)).open, 1)
        yield* third.written(last)
        assert.deepStrictEqual(third.applied, [])
        assert.deepStrictEqual(yield* rowsOf(sql), [
          [
            { id: uuid(1), status: "sent" },
            { id: uuid(2), status: "failed" },
            { id: uuid(3), status: "attempting" }
          ],
          [{ id: home }],
          [{ revoked: 1 }]
        ])
      })
    )

    it.effect("are written no further by one that was overtaken without hearing of it", () =>
      Effect.gen(function* () {
        const { sql, url } = yield* world
        const one = yield* gateway(url)
        const before = yield* append(queued(11, 0n, home))
        yield* one.written(before)
        // as if another process had taken the partition while this one was paused, and held it
        yield* sql`UPDATE leases SET token = token + 1, holder = 'another', ends = clock_timestamp() + INTERVAL '1 hour'`
        const after = yield* append(queued(12, 0n, home))
        yield* one.at(after)
        yield* Effect.sleep("500 millis") // ten times what it rests between two pages
        const places = yield* sql`SELECT DISTINCT position FROM checkpoints`
        assert.deepStrictEqual(places, [{ position: String(before) }])
        assert.deepStrictEqual(yield* sql`SELECT id FROM messages WHERE id = ${uuid(12)}`, [])
        yield* sql`UPDATE leases SET ends = clock_timestamp() WHERE holder = 'another'`
        yield* one.written(after) // it takes the partition again when the other's lease has ended
        assert.deepStrictEqual(
          yield* sql`SELECT COUNT(*)::int AS n FROM messages WHERE id IN (${uuid(11)}, ${uuid(12)})`,
          [{ n: 2 }]
        )
      })
    )

    it.effect("are written anew from where the database says, when it has forgotten what was written last", () =>
      Effect.gen(function* () {
        const { sql, url } = yield* world
        const one = yield* gateway(url)
        const before = yield* append(queued(31, 0n, home))
        yield* one.written(before)
        const lost = yield* append(reported(31, 1, 0n, "sent"), queued(32, 0n, home))
        yield* one.written(lost)
        yield* sql.withTransaction(
          Effect.andThen(
            sql`UPDATE checkpoints SET position = ${String(before)}`,
            Effect.andThen(
              sql`DELETE FROM messages WHERE id = ${uuid(32)}`,
              sql`UPDATE messages SET status = 'queued', reports = replace(reports, '"kind":"sent"', '"kind":"attempting"')
                WHERE id = ${uuid(31)}`
            )
          )
        )
        yield* one.written(yield* append(queued(33, 0n, home)))
        const ids = [uuid(31), uuid(32), uuid(33)]
        const rows = yield* sql`SELECT id, status FROM messages WHERE ${sql.in("id", ids)} ORDER BY messages.position`
        assert.deepStrictEqual(rows, [
          { id: uuid(31), status: "sent" },
          { id: uuid(32), status: "queued" },
          { id: uuid(33), status: "queued" }
        ])
      })
    )

    it.effect("go on where they were when the database was away", () =>
      Effect.gen(function* () {
        const { url } = yield* world
        const server = yield* Postgres
        const one = yield* gateway(url)
        yield* one.written(yield* append(queued(21, 0n, home)))
        yield* server.kill()
        const position = yield* append(queued(22, 0n, home), reported(22, 1, 0n, "sent"))
        yield* one.at(position)
        yield* server.restart
        yield* one.written(position)
        assert.deepStrictEqual(
          yield* one.sql`SELECT status FROM messages WHERE id IN (${uuid(21)}, ${uuid(22)}) ORDER BY messages.position`,
          [{ status: "queued" }, { status: "sent" }]
        )
      })
    )
  })
})
