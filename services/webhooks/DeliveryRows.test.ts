import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { DeliveryId, EndpointId, EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Leases } from "#domain/ports/Leases.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { marksIn } from "../identity/ReachedRows.ts"
import { deliverer } from "../tables/Positions.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import * as DeliveryRows from "./DeliveryRows.ts"

const database = InProcessLeases.layer.pipe(
  Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" }))
)
const [one, other] = [EndpointId.make(uuid(901)), EndpointId.make(uuid(902))]
const made = (n: number, chat: string, endpoint = one): DeliveryRows.NewDelivery => ({
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
const settled = (status: DeliveryRows.DeliveryStatus, due = 0): Omit<DeliveryRows.Settled, "delivery"> => ({
  status,
  due,
  tries: 1,
  attempt: { at: fromMillis(0), status: 200, millis: 1 }
})
const mark = (n: number) => ({ position: BigInt(n), eventId: EventId.make(uuid(n)) })
const numbers = (rows: ReadonlyArray<DeliveryRows.Delivery>) => rows.map(({ position }) => Number(position))

const scene = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* DeliveryRows.make
  const [lease] = (yield* (yield* Leases).renew({ name: "deliveries", partitions: 1 })).leases
  const due = (now = 100) => Effect.map(rows.due(one, now, 8), numbers)
  const settle = Effect.fnUntraced(function* (n: number, outcome: ReturnType<typeof settled>, now = 100) {
    const delivery = (yield* rows.find(DeliveryId.make(uuid(n))))!
    return yield* rows.settle(lease!, [{ ...outcome, delivery }], now)
  })
  return { sql, rows, lease: lease!, due, settle }
})

it.effect("the checkpoint passes an event with its deliveries, or not at all, and only from where it was", () =>
  Effect.gen(function* () {
    const { lease, rows, sql } = yield* scene
    yield* rows.take(lease, [], 0, undefined, mark(5))
    yield* sql`CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'no room'); END`
    const take = rows.take(lease, [made(7, "a"), made(8, "b")], 0, 5n, mark(8))
    assert.isTrue(Exit.isFailure(yield* Effect.exit(take)))
    assert.strictEqual(yield* rows.checkpoint, 5n)
    yield* sql`DROP TRIGGER full`
    yield* take
    assert.strictEqual(yield* rows.checkpoint, 8n)
    assert.deepStrictEqual(yield* marksIn(deliverer), [mark(8)])
    assert.lengthOf(yield* rows.due(one, 0, 8), 2)
    const again = yield* Effect.exit(rows.take(lease, [made(9, "a")], 0, 5n, mark(9)))
    assert.isTrue(Exit.isFailure(again))
    assert.strictEqual(yield* rows.find(DeliveryId.make(uuid(9))), undefined)
  }).pipe(Effect.provide(Layer.fresh(database)))
)

/** What every database owes. */
const holds = [
  [
    "of each chat one is due at a time, in order, at each endpoint for itself; a redriven one goes beside them",
    Effect.gen(function* () {
      const { due, lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "b"), made(4, "a", other)], 0, undefined, mark(4))
      yield* rows.take(lease, [made(5, "a"), made(6, "b")], 0, 4n, mark(6))
      assert.deepStrictEqual(yield* due(), [1, 3])
      assert.deepStrictEqual(numbers(yield* rows.due(other, 100, 8)), [4])
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
    "remembers since when nothing arrives, until something does",
    Effect.gen(function* () {
      const { lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "b"), made(3, "c")], 0, undefined, mark(3))
      const since = Effect.fnUntraced(function* (n: number, status: DeliveryRows.DeliveryStatus, now: number) {
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
      const { due, lease, rows } = yield* scene
      const all = Array.from({ length: 120 }, (_, i) => made(i + 1, String(i % 60)))
      yield* rows.take(lease, all, 0, undefined, mark(120))
      const first = yield* rows.due(one, 100, 200)
      assert.lengthOf(first, 60)
      const outcomes = first.map((delivery, i) => ({ ...settled(i === 0 ? "pending" : "delivered", i), delivery }))
      const { failing, next } = yield* rows.settle(lease, outcomes as [DeliveryRows.Settled], 100)
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
