import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Rush, restAfter } from "./Rush.ts"

describe("Rush", () => {
  it.effect("is on as long as any answer is not given, whatever becomes of it", () =>
    Effect.gen(function* () {
      const rush = new Rush(0)
      const answer = yield* Deferred.make<number, string>()
      const given = yield* Effect.forkChild(rush.during(Deferred.await(answer)), { startImmediately: true })
      const withdrawn = yield* Effect.forkChild(rush.during(Effect.never), { startImmediately: true })
      assert.isTrue(rush.isOn)
      yield* Fiber.interrupt(withdrawn)
      assert.isTrue(rush.isOn)
      yield* Deferred.fail(answer, "the store is gone")
      yield* Fiber.await(given)
      assert.isFalse(rush.isOn)
    })
  )

  it.effect("is on between answers that come one soon after the other", () =>
    Effect.gen(function* () {
      const rush = new Rush(60_000)
      assert.isFalse(rush.isOn)
      yield* rush.during(Effect.void)
      assert.isTrue(rush.isOn)
    })
  )

  it("lets what follows rest, less when it is late, and never for long", () => {
    assert.deepStrictEqual([restAfter(20, 100), restAfter(20, 60_000), restAfter(10_000, 100)], [80, 20, 500])
  })
})
