import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Clocks from "./Clocks.ts"

describe("clocks", () => {
  it.effect("are read between effects as they show in them", () =>
    Effect.gen(function* () {
      const [wall, steady] = [yield* Clocks.wall, yield* Clocks.steady]
      const [shown, begun] = [wall(), steady()]
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual([wall() - shown, steady() - begun], [1_500, 1_500])
      assert.strictEqual(wall(), yield* Clock.currentTimeMillis)
    })
  )

  it.effect("that are ahead show more, and wait no less", () =>
    Effect.gen(function* () {
      const own = yield* Clock.Clock
      let millis = 250
      const ahead = Clocks.ahead(own, () => millis)
      const [wall, steady] = [Clocks.wallOf(ahead), Clocks.steadyOf(ahead)]
      assert.strictEqual(wall() - Clocks.wallOf(own)(), 250)
      assert.strictEqual(steady(), Clocks.steadyOf(own)())
      millis = -250
      assert.strictEqual((yield* ahead.currentTimeMillis) - (yield* own.currentTimeMillis), -250)
      assert.strictEqual((yield* ahead.currentTimeNanos) - (yield* own.currentTimeNanos), -250_000_000n)
      const slept = yield* Effect.forkChild(Effect.provideService(Effect.sleep("1 second"), Clock.Clock, ahead), {
        startImmediately: true
      })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(slept.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isDefined(slept.pollUnsafe())
    })
  )
})
