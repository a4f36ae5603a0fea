import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { EventStore } from "#domain/ports/EventStore.ts"
import { LogElsewhere } from "../runtime/Freshness.ts"
import { reporting } from "../testing/ReportingFixture.ts"
import * as Beyond from "./Beyond.ts"

/** Over a log whose head each look finds at the next of these. */
const looking = Effect.fnUntraced(function* (heads: ReadonlyArray<bigint | undefined>, elsewhere: boolean) {
  const { store } = yield* reporting()
  let looks = 0
  const head = Effect.sync(() => heads[Math.min(looks++, heads.length - 1)])
  const isBeyond = yield* Beyond.make.pipe(
    Effect.provideService(EventStore, { ...store, head }),
    Effect.provideService(LogElsewhere, elsewhere)
  )
  const asked = Effect.fnUntraced(function* (place: bigint) {
    const found = yield* Effect.forkChild(isBeyond(place))
    yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(found)
  })
  return { asked, looks: () => looks }
})

it.effect("a log ends before a place that it has not come to, an empty one before every place", () =>
  Effect.gen(function* () {
    const { asked } = yield* looking([5n], false)
    assert.deepStrictEqual([yield* asked(4n), yield* asked(5n), yield* asked(6n)], [false, false, true])
    const { asked: ofNothing } = yield* looking([undefined], false)
    assert.isTrue(yield* ofNothing(0n))
  })
)

it.effect(
  "on a server the log is believed to end before it when it says so again and again, as one that lags does not",
  () =>
    Effect.gen(function* () {
      const lagging = yield* looking([5n, 5n, 7n], true)
      assert.deepStrictEqual([yield* lagging.asked(7n), lagging.looks()], [false, 3])
      const older = yield* looking([5n], true)
      assert.deepStrictEqual([yield* older.asked(7n), older.looks()], [true, 6])
    })
)
