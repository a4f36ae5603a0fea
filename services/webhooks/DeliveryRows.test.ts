import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { DeliveryId, EndpointId, EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { LeaseLost, Leases } from "#domain/ports/Leases.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import type { Delivery, DeliveryStatus, NewDelivery, Settled } from "./Delivery.ts"
import * as DeliveryRows from "./DeliveryRows.ts"

const database = InProcessLeases.layer.pipe(
  Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" }))
)
const [one, other] = [EndpointId.make(uuid(901)), EndpointId.make(uuid(902))]
const made = (n: number, chat: string, endpoint = one): NewDelivery => ({
  id: DeliveryId.make(uuid(n)),
  endpoint,
  event: EventId.make(uuid(n)),
  stream: StreamId.make(`message-${uuid(n)}`),
  revision: 0,
  position: BigInt(n),
  type: "homing.message.queued.v1",
  chat,
  recorded: n
})
const settled = (status: DeliveryStatus, due = 0): Omit<Settled, "delivery"> => ({
  status,
  due,
  tries: 1,
  attempt: { at: fromMillis(0), status: 200, millis: 1 }
})
const numbers = (rows: ReadonlyArray<Delivery>) => rows.map(({ position }) => Number(position))

const scene = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* DeliveryRows.make
  const [lease] = (yield* (yield* Leases).renew({ name: "deliveries", partitions: 1 })).leases
  const dueAt = (endpoint: EndpointId, now = 100, limit = 8) =>
    Effect.map(rows.due(endpoint, now, limit), ({ due }) => due)
  const due = (now = 100) => Effect.map(dueAt(one, now), numbers)
  const settle = Effect.fnUntraced(function* (n: number, outcome: ReturnType<typeof settled>, now = 100) {
    const delivery = (yield* rows.find(DeliveryId.make(uuid(n))))!
    return yield* rows.settle(lease!, [{ ...outcome, delivery }], now)
  })
  return { sql, rows, lease: lease!, due, dueAt, settle }
})

it.effect("the checkpoint passes an event with its deliveries, or not at all, and only from where it was", () =>
  Effect.gen(function* () {
    const { dueAt, lease, rows, sql } = yield* scene
    yield* rows.take(lease, [], 0, undefined, 5n)
    yield* sql`CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'no room'); END`
    const take = rows.take(lease, [made(7, "a"), made(8, "b")], 0, 5n, 8n)
    assert.isTrue(Exit.isFailure(yield* Effect.exit(take)))
    assert.strictEqual(yield* rows.checkpoint, 5n)
    yield* sql`DROP TRIGGER full`
    yield* take
    assert.strictEqual(yield* rows.checkpoint, 8n)
    assert.lengthOf(yield* dueAt(one, 0), 2)
    const again = yield* Effect.exit(rows.take(lease, [made(9, "a")], 0, 5n, 9n))
    assert.isTrue(Exit.isFailure(again))
    assert.strictEqual(yield* rows.find(DeliveryId.make(uuid(9))), undefined)
  }).pipe(Effect.provide(Layer.fresh(database)))
)

/** What every database owes. */
const holds = [
  [
    "of each chat one is due at a time, in order, at each endpoint for itself; a redriven one goes beside them",
    Effect.gen(function* () {
      const { due, dueAt, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "b"), made(4, "a", other)], 0, undefined, 4n)
      yield* rows.take(lease, [made(5, "a"), made(6, "b")], 0, 4n, 6n)
      assert.deepStrictEqual(yield* due(), [1, 3])
      assert.deepStrictEqual(numbers(yield* dueAt(other)), [4])
      yield* settle(1, settled("pending", 50))
      assert.deepStrictEqual(yield* due(49), [3])
      assert.deepStrictEqual(yield* due(50), [3, 1])
      yield* settle(1, settled("dead", 60))
      yield* settle(3, settled("delivered"))
      yield* rows.redrive(DeliveryId.make(uuid(1)), 100, 59) // it was tried since it was asked for
      assert.deepStrictEqual(yield* due(), [2, 6])
      yield* rows.redrive(DeliveryId.make(uuid(1)), 100, 100)
      yield* rows.redrive(DeliveryId.make(uuid(2)), 100, 100) // it is still tried
      assert.deepStrictEqual(yield* due(), [2, 6, 1])
      yield* settle(2, settled("delivered"))
      assert.deepStrictEqual(yield* due(), [5, 6, 1]) // the redriven one holds up nothing
      yield* settle(1, settled("delivered"))
      assert.deepStrictEqual(yield* due(), [5, 6])
    })
  ],
  [
    "lists newest first, page by page, and keeps no more than it is asked to",
    Effect.gen(function* () {
      const { lease, rows, settle, sql } = yield* scene
      yield* rows.take(
        lease,
        [1, 2, 3].map((n) => made(n, String(n))),
        0,
        undefined,
        3n
      )
      yield* settle(2, settled("delivered", 10))
      yield* settle(3, settled("dead", 10))
      const list = (more: object = {}) =>
        Effect.map(rows.list({ endpoint: one, status: undefined, after: undefined, limit: 2, ...more }), (found) =>
          numbers(found.flatMap(({ delivery }) => delivery ?? []))
        )
      assert.deepStrictEqual(yield* list(), [3, 2])
      assert.deepStrictEqual(yield* list({ after: 2n }), [1])
      assert.deepStrictEqual(yield* list({ status: "dead" }), [3])
      yield* sql`UPDATE deliveries SET attempts = 'nonsense' WHERE deliveries.position = 2` // hides no other
      assert.deepStrictEqual(yield* list({ limit: 3 }), [3, 1])
      yield* rows.prune(11, 10) // of those that were given up more are kept
      assert.deepStrictEqual(yield* list(), [3, 1])
      yield* rows.forgetOthers(lease, [one])
      assert.deepStrictEqual(yield* list(), [3, 1])
      yield* rows.forget(one)
      assert.deepStrictEqual(yield* list(), [])
    })
  ],
  [
    "remembers since when nothing arrives, until something does",
    Effect.gen(function* () {
      const { lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "b"), made(3, "c")], 0, undefined, 3n)
      const since = Effect.fnUntraced(function* (n: number, status: DeliveryStatus, now: number) {
        return (yield* settle(n, settled(status), now)).failing.get(one)
      })
      assert.deepStrictEqual([yield* since(1, "pending", 5), yield* since(1, "dead", 9)], [5, 5])
      assert.strictEqual(yield* since(2, "delivered", 10), undefined)
      assert.strictEqual(yield* since(3, "pending", 12), 12)
    })
  ],
  [
    "records many outcomes at once, each as it was, and names whoever is next in their chats",
    Effect.gen(function* () {
      const { due, dueAt, lease, rows } = yield* scene
      const all = Array.from({ length: 120 }, (_, i) => made(i + 1, String(i % 60)))
      yield* rows.take(lease, all, 0, undefined, 120n)
      const first = yield* dueAt(one, 100, 200)
      assert.lengthOf(first, 60)
      const outcomes = first.map((delivery, i) => ({ ...settled(i === 0 ? "pending" : "delivered", i), delivery }))
      const { failing, next } = yield* rows.settle(lease, outcomes as [Settled], 100)
      assert.deepStrictEqual(failing, new Map())
      const expected = Array.from({ length: 59 }, (_, i) => i + 62)
      assert.deepStrictEqual(
        numbers(next).toSorted((a, b) => a - b),
        expected
      )
      assert.deepStrictEqual((yield* due()).length, 8)
      const [last] = yield* rows.list({ endpoint: one, status: "delivered", after: undefined, limit: 1 })
      const { attempts, due: at, position, tries } = last!.delivery!
      assert.deepStrictEqual([position, at, tries, attempts.length], [60n, 59, 1, 1])
      assert.deepStrictEqual(yield* rows.standing, [{ endpoint: one, pending: 61, oldest: 1 }])
      assert.deepStrictEqual(yield* rows.waiting([one, other], 100), [one])
    })
  ],
  [
    "names nobody as next who is settled with the others, however many these are",
    Effect.gen(function* () {
      const { dueAt, lease, rows, settle } = yield* scene
      const all = Array.from({ length: 60 }, (_, i) => made(i + 2, String(i)))
      yield* rows.take(lease, [made(1, "59"), ...all, made(62, "59")], 0, undefined, 62n)
      yield* settle(1, settled("dead", 1))
      yield* rows.redrive(DeliveryId.make(uuid(1)), 0, 1)
      const first = (yield* dueAt(one, 100, 100)).toSorted((a, b) => Number(a.position - b.position))
      assert.lengthOf(first, 61) // the redriven one first, the other of its chat last
      const outcomes = first.map((delivery) => ({ ...settled("delivered", 50), delivery }))
      const { next } = yield* rows.settle(lease, outcomes as [Settled, ...Array<Settled>], 100)
      assert.deepStrictEqual([...new Set(numbers(next))], [62])
    })
  ],
  [
    "sets aside what cannot be read, and lets the next of its chat go",
    Effect.gen(function* () {
      const { due, lease, rows, settle, sql } = yield* scene
      yield* rows.take(
        lease,
        [1, 2, 3, 4].map((n) => made(n, n === 4 ? "b" : "a")),
        0,
        undefined,
        4n
      )
      yield* sql`UPDATE deliveries SET attempts = 'nonsense' WHERE deliveries.position = 1`
      yield* sql`UPDATE deliveries SET id = 'nonsense' WHERE deliveries.position = 2`
      for (const expected of [[2], [3]]) {
        const { due, unreadable } = yield* rows.due(one, 100, 8)
        assert.deepStrictEqual([numbers(due), unreadable.length], [[4], 1])
        const next = yield* rows.setAside(lease, unreadable, 100)
        assert.deepStrictEqual(
          numbers(next),
          expected.filter((n) => n !== 2)
        ) // which cannot be read either
      }
      assert.deepStrictEqual(yield* due(), [3, 4])
      assert.deepStrictEqual(yield* rows.standing, [{ endpoint: one, pending: 2, oldest: 3 }])
      yield* settle(3, settled("delivered"))
      yield* rows.prune(101, 101)
      const [{ left }] = (yield* sql`SELECT CAST(COUNT(*) AS TEXT) AS left FROM deliveries`) as [{ left: string }]
      assert.strictEqual(left, "1")
    })
  ],
  [
    "knows how many wait, whatever becomes of them, and counts them anew when asked to",
    Effect.gen(function* () {
      const { lease, rows, settle, sql } = yield* scene
      const pending = Effect.map(rows.standing, (all) => all.map(({ pending }) => pending).toSorted((a, b) => b - a))
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "b"), made(4, "a", other)], 0, undefined, 4n)
      assert.deepStrictEqual(yield* pending, [3, 1])
      yield* rows.take(lease, [made(3, "b"), made(5, "b")], 0, 4n, 5n) // one of them stands there
      yield* settle(1, settled("delivered", 10))
      yield* settle(3, settled("pending", 10))
      assert.deepStrictEqual(yield* pending, [3, 1])
      for (const asked of [9, 10, 10]) yield* rows.redrive(DeliveryId.make(uuid(1)), 100, asked)
      assert.deepStrictEqual(yield* pending, [4, 1])
      yield* rows.forget(one)
      assert.deepStrictEqual(yield* pending, [1])
      yield* sql`UPDATE endpoint_backlogs SET pending = 7`
      yield* rows.recount(lease)
      assert.deepStrictEqual(yield* pending, [1])
      yield* settle(4, settled("delivered"))
      assert.deepStrictEqual(yield* pending, [])
    })
  ],
  [
    "tells where more waits than is kept, not counting what is left of before it was enabled, in whatever life",
    Effect.gen(function* () {
      const { lease, rows, sql } = yield* scene
      yield* rows.take(lease, [made(1, "a")], 0, undefined, 1n)
      /** Looked at from a process that has just begun. */
      const overflows = Effect.fnUntraced(function* (pending: number, isEnabled = true) {
        yield* sql`UPDATE endpoint_backlogs SET pending = ${pending}`
        const { overflowing } = yield* DeliveryRows.make
        return (yield* overflowing(lease, isEnabled ? [one] : [other], 10)).length > 0
      })
      assert.deepStrictEqual([yield* overflows(10), yield* overflows(11)], [false, true])
      yield* rows.excuse(lease, one) // it is disabled, and enabled again before anybody has looked
      assert.deepStrictEqual([yield* overflows(12), yield* overflows(14, false)], [false, false])
      const found = yield* Effect.forEach([14, 24, 5, 15, 16], (pending) => overflows(pending))
      assert.deepStrictEqual(found, [false, false, false, false, true])
      assert.isTrue(yield* overflows(16)) // nobody could disable it
      yield* sql`DELETE FROM endpoint_backlogs` // as before there was this table
      yield* rows.recount(lease)
      assert.deepStrictEqual([yield* overflows(11), yield* overflows(12)], [false, true])
    })
  ],
  [
    "makes due what waits for a further attempt, of one endpoint",
    Effect.gen(function* () {
      const { due, dueAt, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "a", other)], 0, undefined, 3n)
      for (const n of [1, 3]) yield* settle(n, settled("pending", 1_000))
      yield* rows.hasten(lease, one, 100)
      assert.deepStrictEqual([yield* due(), yield* dueAt(other)], [[1], []])
    })
  ],
  [
    "forgets nothing, and writes nothing, once the lease is lost",
    Effect.gen(function* () {
      const before = yield* scene
      yield* before.rows.take(before.lease, [made(1, "a"), made(2, "a", other)], 0, undefined, 2n)
      const isLost = () => Effect.fail(new LeaseLost({ group: "deliveries", partition: 0 }))
      const lost = Effect.provideServiceEffect(
        DeliveryRows.make,
        Leases,
        Effect.map(Leases, (leases) => ({ ...leases, fenced: isLost }))
      )
      const { forgetOthers, hasten, recount, setAside, take } = yield* lost
      const { due, lease, rows } = before
      for (const late of [
        forgetOthers(lease, [other]),
        take(lease, [made(3, "a")], 0, 2n, 3n),
        setAside(lease, [uuid(1)], 0),
        hasten(lease, one, 0),
        recount(lease)
      ]) {
        assert.instanceOf(yield* Effect.flip(late as Effect.Effect<unknown, unknown>), LeaseLost)
      }
      assert.deepStrictEqual([yield* due(), yield* rows.checkpoint], [[1], 2n])
    })
  ],
  [
    "forgets an endpoint while its outcomes come, and keeps nothing of it",
    Effect.gen(function* () {
      const { dueAt, lease, rows } = yield* scene
      for (let round = 0; round < 5; round++) {
        const from = round === 0 ? undefined : BigInt(round * 1_000)
        const all = Array.from({ length: 120 }, (_, i) => made(round * 1_000 + i, String(i)))
        yield* rows.take(lease, all, 0, from, BigInt((round + 1) * 1_000))
        const outcomes = (yield* dueAt(one, 100, 200))
          .toReversed()
          .map((delivery) => ({ ...settled("pending", 1), delivery }))
        yield* Effect.all([rows.settle(lease, outcomes as [Settled, ...Array<Settled>], 100), rows.forget(one)], {
          concurrency: 2
        })
        assert.deepStrictEqual([yield* dueAt(one), yield* rows.standing], [[], []])
      }
    })
  ],
  [
    "lets the next of a chat go that is made while the one before is settled",
    Effect.gen(function* () {
      const { due, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a")], 0, undefined, 1n)
      for (let n = 1; n <= 40; n++) {
        const next = rows.take(lease, [made(n + 1, "a")], 0, BigInt(n), BigInt(n + 1))
        yield* Effect.all([settle(n, settled("delivered")), next], { concurrency: 2 })
        assert.deepStrictEqual(yield* due(), [n + 1])
      }
    })
  ]
] as const

for (const [what, held] of holds) it.effect(what, () => Effect.provide(held, Layer.fresh(database)))

describeWith("PostgreSQL", "deliveries in PostgreSQL", () => {
  it.layer(Postgres.layer, { timeout: "60 seconds", excludeTestServices: true })("as well", (it) => {
    const fresh = Layer.unwrap(
      Effect.map(
        Effect.flatMap(
          Effect.flatMap(Postgres, ({ database }) => database),
          clientOf
        ),
        (sql) => InProcessLeases.layer.pipe(Layer.provideMerge(Layer.succeed(SqlClient.SqlClient, sql)))
      )
    )
    for (const [what, held] of holds) it.effect(what, () => Effect.provide(held, Layer.fresh(fresh)))
  })
})
