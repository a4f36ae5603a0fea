import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, Latch } from "effect"
import { shared } from "./SharedReading.ts"

it.effect("those who ask together are answered by one reading, none of them by one that had begun before", () =>
  Effect.gen(function* () {
    const answers = yield* Latch.make(false)
    let begun = 0
    const read = yield* shared(
      Effect.suspend(() => {
        const number = ++begun
        return Effect.as(answers.await, number)
      })
    )
    const first = yield* Effect.forkChild(read, { startImmediately: true })
    yield* Effect.yieldNow
    const others = yield* Effect.forEach(Array.range(1, 16), () => Effect.forkChild(read, { startImmediately: true }))
    yield* answers.open
    assert.strictEqual(yield* Fiber.join(first), 1)
    assert.deepStrictEqual(
      yield* Effect.forEach(others, Fiber.join),
      Array.makeBy(16, () => 2)
    )
    assert.strictEqual(yield* read, 3)
  })
)

it.effect("a reading that fails fails for those who shared it, and for nobody after", () =>
  Effect.gen(function* () {
    let begun = 0
    const read = yield* shared(Effect.suspend(() => (++begun === 1 ? Effect.fail("away") : Effect.succeed(begun))))
    assert.strictEqual(yield* Effect.flip(read), "away")
    assert.strictEqual(yield* read, 2)
  })
)
