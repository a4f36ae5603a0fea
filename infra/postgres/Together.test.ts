import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { together } from "./Together.ts"

describe("together", () => {
  const start = Effect.forkChild({ startImmediately: true })

  it.effect("asks at once, and what is asked meanwhile with the next, each answered in its place", () =>
    Effect.gen(function* () {
      const asked: Array<ReadonlyArray<number>> = []
      const go = yield* Deferred.make<void>()
      const twice = yield* together((numbers: ReadonlyArray<number>) => {
        asked.push(numbers)
        return Effect.as(
          Deferred.await(go),
          numbers.map((n) => 2 * n)
        )
      })
      const first = yield* start(twice(1))
      const [second, gone, third] = [yield* start(twice(2)), yield* start(twice(3)), yield* start(twice(4))]
      assert.deepStrictEqual(asked, [[1]])
      yield* Fiber.interrupt(gone)
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual(yield* Effect.all([first, second, third].map(Fiber.join)), [2, 4, 8])
      assert.deepStrictEqual(asked, [[1], [2, 3, 4]])
      assert.strictEqual(yield* twice(5), 10)
    })
  )

  it.effect("fails those of one statement with it, and nobody after them", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const most = yield* together((numbers: ReadonlyArray<number>) =>
        Effect.andThen(Deferred.await(go), numbers.includes(2) ? Effect.fail("no twos") : Effect.succeed(numbers))
      )
      const first = yield* start(most(1))
      const others = [yield* start(Effect.flip(most(2))), yield* start(Effect.flip(most(3)))]
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(first), 1)
      assert.deepStrictEqual(yield* Effect.all(others.map(Fiber.join)), ["no twos", "no twos"])
      assert.strictEqual(yield* most(4), 4)
    })
  )
})
