import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { DeliveryId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { everywhere, made, mark, one, other, scene, settled } from "../testing/DeliveriesFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import type { DeliveryStatus } from "./Delivery.ts"
import * as DeliveryRows from "./DeliveryRows.ts"

everywhere("how endpoints stand", [
  [
    "remembers since when nothing arrives, until something does",
    Effect.gen(function* () {
      const { lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "b"), made(3, "c")], 0, undefined, mark(3))
      const since = Effect.fnUntraced(function* (n: number, status: DeliveryStatus, now: number) {
        return (yield* settle(n, settled(status), now)).failing.get(one)
      })
      assert.deepStrictEqual([yield* since(1, "pending", 5), yield* since(1, "dead", 9)], [5, 5])
      assert.strictEqual(yield* since(2, "delivered", 10), undefined)
      assert.strictEqual(yield* since(3, "pending", 12), 12)
      assert.strictEqual(yield* since(3, "pending", 7), 7) // the clock was ahead
      assert.strictEqual(yield* since(3, "pending", 8), 7)
    })
  ],
  [
    "does not hold against it what there was nothing left to send of",
    Effect.gen(function* () {
      const { lease, rows, settle } = yield* scene
      yield* rows.take(lease, [made(1, "a"), made(2, "b")], 0, undefined, mark(2))
      const gone = { ...settled("dead"), attempt: { at: fromMillis(0), error: "gone", millis: 0 } }
      assert.isUndefined((yield* settle(1, gone)).failing.get(one))
      assert.deepStrictEqual(yield* rows.failing, [])
      assert.strictEqual((yield* settle(2, settled("dead"), 7)).failing.get(one), 7)
    })
  ],
  [
    "knows how many wait, whatever becomes of them, and counts them anew when asked to",
    Effect.gen(function* () {
      const { lease, rows, settle, sql } = yield* scene
      const pending = Effect.map(rows.standing, (all) => all.map(({ pending }) => pending).toSorted((a, b) => b - a))
      yield* rows.take(lease, [made(1, "a"), made(2, "a"), made(3, "b"), made(4, "a", other)], 0, undefined, mark(4))
      assert.deepStrictEqual(yield* pending, [3, 1])
      yield* rows.take(lease, [made(3, "b"), made(5, "b")], 0, 4n, mark(5)) // one of them stands there
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
      yield* rows.take(lease, [made(1, "a")], 0, undefined, mark(1))
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
  ]
])
