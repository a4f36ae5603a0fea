import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { DeliveryId } from "#domain/Ids.ts"
import { LeaseLost, Leases } from "#domain/ports/Leases.ts"
import { marksIn } from "../identity/ReachedRows.ts"
import { deliverer } from "../tables/Positions.ts"
import { database, everywhere, made, mark, numbers, one, other, scene, settled } from "../testing/DeliveriesFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import type { Settled } from "./Delivery.ts"
import * as DeliveryRows from "./DeliveryRows.ts"

it.effect("the checkpoint passes an event with its deliveries, or not at all, and only from where it was", () =>
  Effect.gen(function* () {
    const { dueAt, lease, rows, sql } = yield* scene
    yield* rows.take(lease, [], 0, undefined, mark(5))
    yield* sql`CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'no room'); END`
    const take = rows.take(lease, [made(7, "a"), made(8, "b")], 0, 5n, mark(8))
    assert.isTrue(Exit.isFailure(yield* Effect.exit(take)))
    assert.strictEqual(yield* rows.checkpoint("endpoints"), 5n)
    yield* sql`DROP TRIGGER full`
    yield* take
    assert.strictEqual(yield* rows.checkpoint("endpoints"), 8n)
    assert.deepStrictEqual(yield* marksIn(deliverer), [mark(8)])
    assert.lengthOf(yield* dueAt(one, 0), 2)
    const again = yield* Effect.exit(rows.take(lease, [made(9, "a")], 0, 5n, mark(9)))
    assert.isTrue(Exit.isFailure(again))
    assert.strictEqual(yield* rows.find(DeliveryId.make(uuid(9))), undefined)
  }).pipe(Effect.provide(Layer.fresh(database)))
)

everywhere("deliveries", [
  [
    "of each chat one is due at a time, in order, at each endpoint for itself; a redriven one goes beside them",
    Effect.gen(function* () {
      const { due, dueAt, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "b"), made(4, "a", other)], 0, undefined, mark(4))
      yield* rows.take(lease, [made(5, "a"), made(6, "b")], 0, 4n, mark(6))
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
    "what comes behind one that was there already, and is settled, is due",
    Effect.gen(function* () {
      const { due, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a")], 0, undefined, mark(1))
      assert.deepStrictEqual(yield* due(), [1])
      yield* settle(1, settled("delivered"))
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "a")], 0, 1n, mark(3))
      assert.deepStrictEqual(yield* due(), [2])
    })
  ],
  [
    "what waits for a further attempt is due when it is asked for; what a clock that was ahead has put off is due",
    Effect.gen(function* () {
      const { due, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "b")], 0, undefined, mark(3))
      yield* rows.take(lease, [made(4, "c")], 6_000, 3n, mark(4)) // by a clock that was ahead
      yield* settle(1, settled("pending", 1_000))
      yield* settle(3, settled("pending", 5_000))
      yield* rows.redrive(DeliveryId.make(uuid(2)), 100, 100) // there is one before it
      assert.deepStrictEqual(yield* due(), [])
      yield* rows.redrive(DeliveryId.make(uuid(1)), 100, 100)
      assert.deepStrictEqual(yield* due(), [1])
      assert.strictEqual(yield* rows.recall(lease, [other], 100, 2_000), 0)
      assert.strictEqual(yield* rows.recall(lease, [one], 100, 5_000), 1)
      assert.deepStrictEqual(yield* due(), [1, 4])
      assert.strictEqual(yield* rows.recall(lease, [one, other], 100, 4_999), 1)
      assert.deepStrictEqual(yield* due(), [1, 3, 4])
      yield* settle(4, settled("dead", 6_000)) // by that clock as well
      yield* rows.redrive(DeliveryId.make(uuid(4)), 100, 100)
      assert.deepStrictEqual(yield* due(), [1, 3, 4])
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
        mark(3)
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
    "records many outcomes at once, each as it was, and names whoever is next in their chats",
    Effect.gen(function* () {
      const { due, dueAt, lease, rows } = yield* scene
      const all = Array.from({ length: 120 }, (_, i) => made(i + 1, String(i % 60)))
      yield* rows.take(lease, all, 0, undefined, mark(120))
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
      yield* rows.take(lease, [made(1, "59"), ...all, made(62, "59")], 0, undefined, mark(62))
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
        mark(4)
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
    "makes due what waits for a further attempt, of one endpoint",
    Effect.gen(function* () {
      const { due, dueAt, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "a", other)], 0, undefined, mark(3))
      for (const n of [1, 3]) yield* settle(n, settled("pending", 1_000))
      yield* rows.hasten(lease, one, 100)
      assert.deepStrictEqual([yield* due(), yield* dueAt(other)], [[1], []])
    })
  ],
  [
    "forgets nothing, and writes nothing, once the lease is lost",
    Effect.gen(function* () {
      const before = yield* scene
      yield* before.rows.take(before.lease, [made(1, "a"), made(2, "a", other)], 0, undefined, mark(2))
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
        take(lease, [made(3, "a")], 0, 2n, mark(3)),
        setAside(lease, [uuid(1)], 0),
        hasten(lease, one, 0),
        recount(lease)
      ]) {
        assert.instanceOf(yield* Effect.flip(late as Effect.Effect<unknown, unknown>), LeaseLost)
      }
      assert.deepStrictEqual([yield* due(), yield* rows.checkpoint("endpoints")], [[1], 2n])
    })
  ],
  [
    "forgets an endpoint while its outcomes come, and keeps nothing of it",
    Effect.gen(function* () {
      const { dueAt, lease, rows } = yield* scene
      for (let round = 0; round < 5; round++) {
        const from = round === 0 ? undefined : BigInt(round * 1_000)
        const all = Array.from({ length: 120 }, (_, i) => made(round * 1_000 + i, String(i)))
        yield* rows.take(lease, all, 0, from, mark((round + 1) * 1_000))
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
      yield* rows.take(lease, [made(1, "a")], 0, undefined, mark(1))
      for (let n = 1; n <= 40; n++) {
        const next = rows.take(lease, [made(n + 1, "a")], 0, BigInt(n), mark(n + 1))
        yield* Effect.all([settle(n, settled("delivered")), next], { concurrency: 2 })
        assert.deepStrictEqual(yield* due(), [n + 1])
      }
    })
  ]
])
