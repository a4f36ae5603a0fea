import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Deadline } from "./ports/Deadline.ts"
import { Turns } from "./Turns.ts"
import * as HeldTimers from "./testing/HeldTimers.ts"

const waiting = (turns: Turns) => Effect.forkChild(turns.await(), { startImmediately: true })
const inTime = (millis: number) => Effect.provideService(Deadline, performance.now() + millis)

describe("turns", () => {
  it.effect("come in the order in which they were waited for", () =>
    Effect.gen(function* () {
      const turns = new Turns(1)
      assert.isTrue(turns.take())
      const first = yield* waiting(turns)
      const second = yield* waiting(turns)
      turns.giveBack()
      assert.isTrue(yield* Fiber.join(first))
      assert.isUndefined(second.pollUnsafe())
      turns.giveBack()
      assert.isTrue(yield* Fiber.join(second))
      turns.giveBack()
      assert.isTrue(turns.take())
    })
  )

  it.effect("are not waited for beyond the deadline, and go to the next", () =>
    Effect.gen(function* () {
      const turns = new Turns(1)
      turns.take()
      const impatient = yield* waiting(turns).pipe(inTime(60_000))
      const patient = yield* waiting(turns)
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(impatient.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* Fiber.join(impatient))
      turns.giveBack()
      assert.isTrue(yield* Fiber.join(patient))
    }).pipe(Effect.provide(HeldTimers.layer))
  )

  it.effect("that were given to who has just left are given on", () =>
    Effect.gen(function* () {
      const turns = new Turns(1)
      turns.take()
      const leaving = yield* waiting(turns)
      turns.giveBack()
      yield* Fiber.interrupt(leaving)
      yield* Effect.promise(() => Promise.resolve())
      assert.isTrue(turns.take())
    })
  )
})
