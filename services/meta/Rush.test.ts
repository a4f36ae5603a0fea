import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Rush } from "./Rush.ts"

describe("Rush", () => {
  it.effect("is on as long as any answer is not given, whatever becomes of it", () =>
    Effect.gen(function* () {
      const rush = new Rush()
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
})
