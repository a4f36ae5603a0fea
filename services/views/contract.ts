import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Client, configured } from "#domain/access/Client.ts"
import { ClientId, EventId, TenantId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import { rosterFromItsRows } from "../access/contract.ts"
import { chatsContract } from "../chats/contract.ts"
import { rowsMended } from "../devices/contract.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { countsContract } from "../messages/contract.ts"
import * as ListedRows from "../messages/ListedRows.ts"
import * as MessagesRows from "../messages/MessagesRows.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import {
  altered,
  away,
  begun,
  type Databases,
  deviceChanged,
  deviceCreated,
  emptyDatabase,
  far,
  home,
  hydrated,
  provenance,
  queued,
  recorded,
  reported,
  uuid,
  write,
  writtenBy
} from "../testing/ViewsFixture.ts"
import * as Projections from "./Projections.ts"
import type { RowsView } from "./RowsView.ts"
import { Views } from "./Views.ts"

const [till, shop] = [ClientId.make(uuid(201)), ClientId.make(uuid(202))]
const everything = { client: undefined, status: undefined, device: undefined, after: undefined, limit: 100 }
const queueDepth = begun(QueueDepth, QueueDepth.layer)
const deviceRegistry = begun(DeviceRegistry, DeviceRegistry.layer)

const places = (rows: ReadonlyArray<{ readonly position: bigint }>) => rows.map(({ position }) => far - position)
/** Four messages at places that no double holds apart: the first failed and was sent, the third is queued. */
const someMessages = Effect.gen(function* () {
  const sql = yield* emptyDatabase
  const messages = yield* queueDepth
  yield* messages.rows.setup(sql)
  yield* write(messages, sql, queued(1, far - 9n, home), queued(2, far - 8n, home))
  yield* write(messages, sql, reported(1, 1, far - 7n, "failed"), queued(3, far - 6n, away))
  yield* write(messages, sql, reported(1, 2, far - 5n, "sent"), reported(2, 1, far - 4n, "sent"))
  yield* write(messages, sql, queued(4, far - 3n, home), reported(4, 1, far - 2n, "attempting"))
  return { sql, messages }
})
const depthOf = (sql: SqlClient.SqlClient, { memory, shown }: Effect.Success<typeof queueDepth>) =>
  Effect.map(
    memory!.recount!(sql),
    () => [shown.total(), shown.of(home), shown.of(away), shown.contradictions()] as const
  )
/** The devices of the only gateway on this database. */
const alone = (sql: SqlClient.SqlClient, alter: (rows: RowsView) => RowsView) =>
  Projections.layer(altered(DeviceRegistry.layer, alter)).pipe(
    Layer.provide([InProcessLeases.layer, provenance]),
    Layer.provide(Layer.succeed(SqlClient.SqlClient, sql))
  )

/** What the views owe their readers on every database. Run it against each; add no options. */
export const viewsContract = <E>(adapter: string, layer: Layer.Layer<Databases, E>) =>
  it.layer(layer, { excludeTestServices: true })(`views on ${adapter}`, (it) => {
    it.effect("lists messages newest first, by status and device, page by page", () =>
      Effect.gen(function* () {
        const { sql } = yield* someMessages
        const list = (filter: object) => Effect.map(ListedRows.list(sql, { ...everything, ...filter }), places)
        assert.deepStrictEqual(yield* list({}), [3n, 6n, 8n, 9n])
        assert.deepStrictEqual(yield* list({ limit: 2 }), [3n, 6n])
        assert.deepStrictEqual(yield* list({ after: far - 6n }), [8n, 9n])
        assert.deepStrictEqual(yield* list({ device: home }), [3n, 8n, 9n])
        assert.deepStrictEqual(yield* list({ status: "sent", device: home }), [8n])
        const [shown] = yield* ListedRows.list(sql, { ...everything, status: "failed" })
        assert.deepStrictEqual(
          [shown!.document!.id, shown!.document!.device, shown!.document!.reports.map(({ kind }) => kind)] as const,
          [uuid(1), home, ["failed", "sent"]] as const
        )
      })
    )

    it.effect("lists what one client has queued, with whichever key", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const messages = yield* queueDepth
        yield* messages.rows.setup(sql)
        const by = (key: string, event: RecordedEvent): RecordedEvent => ({
          ...event,
          metadata: { ...event.metadata, actor: { kind: "api_key", id: key } }
        })
        const issued = (client: ClientId, key: string, position: bigint) =>
          recorded(Client.streamOf(client), 1, position, {
            type: "client.key_issued.v1",
            data: { key, digest: "digest", scopes: [] }
          })
        yield* write(messages, sql, issued(till, "till1", far - 9n), by("till1", queued(1, far - 8n, home)))
        yield* write(messages, sql, issued(shop, "shop1", far - 7n), issued(till, "till2", far - 6n))
        const second = yield* queueDepth // another writer, which reads who is who
        yield* write(second, sql, by("shop1", queued(2, far - 5n, home)), by("till2", queued(3, far - 4n, away)))
        yield* write(second, sql, by("configured", queued(4, far - 3n, home)), by("nobody", queued(5, far - 2n, home)))
        yield* write(second, sql, reported(1, 1, far - 1n, "sent"), reported(2, 1, far, "sent"))
        const list = (client: ClientId | undefined, filter: object = {}) =>
          Effect.map(ListedRows.list(sql, { ...everything, client, ...filter }), places)
        assert.deepStrictEqual(yield* list(till), [4n, 8n])
        assert.deepStrictEqual(yield* list(shop), [5n])
        assert.deepStrictEqual(yield* list(configured.client), [3n])
        assert.deepStrictEqual(yield* list(ClientId.make(uuid(9))), [])
        assert.deepStrictEqual(yield* list(undefined), [2n, 3n, 4n, 5n, 8n])
        assert.deepStrictEqual(yield* list(till, { status: "sent" }), [8n])
        assert.deepStrictEqual(yield* list(till, { device: away }), [4n])
        assert.deepStrictEqual(yield* list(till, { device: away, status: "sent" }), [])
        for (const [devices, theirs] of [
          [[home], [8n]],
          [[away], [4n]],
          [
            [away, home],
            [4n, 8n]
          ],
          [[], []]
        ] as const) {
          assert.deepStrictEqual(yield* list(till, { devices: new Set(devices) }), [...theirs])
        }
        const many = new Set([home, ...Array.from({ length: 150 }, (_, n) => uuid(300 + n)), away])
        assert.deepStrictEqual(yield* list(till, { devices: many }), [4n, 8n])
        assert.deepStrictEqual(yield* list(till, { devices: many, limit: 1 }), [4n])
        assert.deepStrictEqual(yield* list(till, { devices: many, limit: 1, after: far - 4n }), [8n])
        assert.deepStrictEqual(yield* list(till, { devices: many, status: "sent" }), [8n])
        assert.deepStrictEqual(yield* list(till, { devices: new Set([home]), device: away }), [])
        assert.deepStrictEqual(yield* list(till, { devices: new Set([home, away]), device: away }), [4n])
        assert.deepStrictEqual([second.shown.total(), second.shown.of(away)], [3, 1])
      })
    )

    it.effect("shows nobody what is another tenant's", () =>
      Effect.gen(function* () {
        const { messages, sql } = yield* someMessages
        const devices = yield* deviceRegistry
        yield* devices.rows.setup(sql)
        const foreign = (event: RecordedEvent): RecordedEvent => ({
          ...event,
          metadata: { ...event.metadata, tenant: TenantId.make("another") }
        })
        yield* write(messages, sql, foreign(queued(5, far - 1n, home)))
        yield* write(devices, sql, foreign(deviceCreated(home, far)))
        assert.deepStrictEqual(places(yield* ListedRows.list(sql, { ...everything, device: home })), [3n, 8n, 9n])
        assert.deepStrictEqual(places(yield* MessagesRows.open(sql, -1n, 10)), [6n, 3n])
        assert.strictEqual((yield* hydrated(sql, deviceRegistry)).shown.size, 0)
      })
    )

    it.effect("shows open messages in the log's order", () =>
      Effect.gen(function* () {
        const { sql } = yield* someMessages
        assert.deepStrictEqual(places(yield* MessagesRows.open(sql, -1n, 10)), [6n, 3n])
        assert.deepStrictEqual(places(yield* MessagesRows.open(sql, far - 6n, 10)), [3n])
      })
    )

    it.effect("decodes what it reads: a row that was changed by others is a defect", () =>
      Effect.gen(function* () {
        const { sql } = yield* someMessages
        yield* sql`UPDATE messages SET reports = '[{"kind":"said"}]' WHERE status = 'queued'`
        const exit = yield* Effect.exit(MessagesRows.open(sql, -1n, 10))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      })
    )

    it.effect("writes every row of a long page, and finds each again by its message's id", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const messages = yield* queueDepth
        yield* messages.rows.setup(sql)
        const numbers = Array.from({ length: 100 }, (_, i) => i + 1)
        const page = (event: (n: number) => RecordedEvent) => numbers.map(event) as [RecordedEvent]
        yield* write(messages, sql, ...page((n) => queued(n, BigInt(n), home)))
        yield* write(yield* queueDepth, sql, ...page((n) => reported(n, 1, BigInt(100 + n), "sent")))
        const rows = yield* ListedRows.list(sql, { ...everything, status: "sent" })
        assert.deepStrictEqual(
          rows.map(({ document }) => document!.id as string),
          numbers.map(uuid).toReversed()
        )
      })
    )

    it.effect("counts what waits; a restart reads the same from the rows and goes on with it", () =>
      Effect.gen(function* () {
        const { messages, sql } = yield* someMessages
        assert.deepStrictEqual(yield* depthOf(sql, messages), [2, 1, 1, 1])
        const restarted = yield* hydrated(sql, queueDepth)
        assert.deepStrictEqual(yield* depthOf(sql, restarted), [2, 1, 1, 1])
        yield* write(restarted, sql, reported(3, 1, far - 1n, "failed"), reported(4, 2, far, "sent"))
        assert.deepStrictEqual(yield* depthOf(sql, restarted), [0, 0, 0, 1])
        assert.deepStrictEqual(places(yield* ListedRows.list(sql, everything)), [3n, 6n, 8n, 9n])
        assert.deepStrictEqual(yield* MessagesRows.open(sql, -1n, 10), [])
      })
    )

    it.effect("reads of devices from the rows what it followed, in their order", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const followed = yield* deviceRegistry
        yield* followed.rows.setup(sql)
        yield* write(followed, sql, deviceCreated(away, far - 9n), deviceCreated(home, far - 8n))
        yield* write(followed, sql, deviceChanged(away, 1, far - 7n, "paired"))
        yield* write(followed, sql, deviceChanged(away, 2, far - 6n, "disconnected"))
        const { connection, paired, reason } = followed.shown.get([...followed.shown.keys()][0]!)!
        assert.deepStrictEqual([connection, paired, reason] as const, ["disconnected", true, "network"] as const)
        const restarted = yield* hydrated(sql, deviceRegistry)
        assert.deepStrictEqual([...restarted.shown], [...followed.shown])
        yield* write(restarted, sql, deviceChanged(away, 3, far - 5n, "connected"))
        assert.strictEqual([...restarted.shown.values()][0]!.connection, "connected")
      })
    )

    it.effect("reads of clients and keys from the rows what it followed", () => rosterFromItsRows)

    it.effect("follows the log, goes on where it was, and begins again under another version", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const store = yield* EventStore
        const append = (n: number) => {
          const { data, eventId: _, metadata, type } = deviceCreated(uuid(n), 0n)
          return store.append(recorded(`device-${uuid(n)}`, 0, 0n, { type, data }).stream, "no_stream", [
            { eventId: EventId.make(uuid(n)), type, data, metadata }
          ])
        }
        const seen: Array<ReadonlyArray<string>> = []
        const spied = writtenBy((own) => {
          const ids: Array<string> = []
          seen.push(ids)
          return (sql, events) => {
            ids.push(...events.map(({ stream }) => stream))
            return own(sql, events)
          }
        })
        const run = (version: number, until: bigint) =>
          Effect.gen(function* () {
            const views = yield* Views
            yield* views.reached(until)
            yield* views.counted(until)
            assert.isTrue((yield* views.position)! >= until)
            yield* views.written(until)
          }).pipe(Effect.provide(alone(sql, (rows) => ({ ...spied(rows), version }))), Effect.scoped)
        yield* append(1)
        yield* run(1, (yield* append(2)).position)
        const last = (yield* append(3)).position
        yield* run(1, last)
        yield* run(2, last)
        const streams = [1, 2, 3].map((n) => `device-${uuid(n)}`)
        assert.deepStrictEqual(seen, [streams.slice(0, 2), streams.slice(2), streams])
        assert.deepStrictEqual(
          yield* sql`SELECT id FROM devices ORDER BY devices.position`,
          [1, 2, 3].map((n) => ({ id: uuid(n) }))
        )
      }).pipe(Effect.provide(Layer.fresh(SqliteEventStore.layer(":memory:"))))
    )

    it.effect("makes rows anew that are not what was written, and says so once", () => rowsMended)

    for (const [what, holds] of [...chatsContract, ...countsContract]) it.effect(what, () => holds)

    it.effect("moves its checkpoint with the rows, or neither", () =>
      Effect.gen(function* () {
        const sql = yield* emptyDatabase
        const store = yield* EventStore
        const { data, metadata, stream, type } = deviceCreated(home, 0n)
        let failures = 0
        const failing = writtenBy((own) => (sql, events) => {
          const failure = (): ReturnType<typeof own> => (failures++ === 0 ? sql`SELECT 1 FROM nowhere` : Effect.void)
          return Effect.andThen(own(sql, events), Effect.suspend(failure))
        })
        const state = Effect.all([sql`SELECT id FROM devices`, sql`SELECT position, event FROM checkpoints`])
        yield* Effect.gen(function* () {
          const views = yield* Views
          const { position } = yield* store.append(stream, "no_stream", [
            { eventId: EventId.make(home), type, data, metadata }
          ])
          const failed = yield* Effect.forkChild(
            Effect.repeat(
              Effect.sync(() => failures),
              { until: (n) => n === 1 }
            )
          )
          yield* Fiber.join(failed)
          assert.deepStrictEqual(yield* state, [[], [{ position: null, event: null }]])
          yield* views.written(position)
          assert.deepStrictEqual(yield* state, [[{ id: home }], [{ position: String(position), event: home }]])
        }).pipe(Effect.provide(alone(sql, failing)), Effect.scoped)
      }).pipe(Effect.provide(Layer.fresh(SqliteEventStore.layer(":memory:"))))
    )
  })
