import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Deadline } from "#domain/ports/Deadline.ts"
import * as HeldTimers from "#domain/testing/HeldTimers.ts"
import { Mailbox } from "./Mailbox.ts"

const forked = <A, E>(work: Effect.Effect<A, E>) => Effect.forkChild(work, { startImmediately: true })

/** A mailbox, work in it that ends when it is told to, and how often it was left empty. */
const make = Effect.gen(function* () {
  const mailbox = new Mailbox()
  const over = yield* Deferred.make<void, "broke">()
  let emptied = 0
  const enter = <A, E>(work: Effect.Effect<A, E>) =>
    Effect.suspend(() => mailbox.enter(work, Effect.fail("late" as const), () => emptied++))
  return { mailbox, over, enter, emptied: () => emptied, working: yield* forked(enter(Deferred.await(over))) }
})

describe("a mailbox", () => {
  it.effect("begins one when the one before has ended, however it did, and is empty after the last", () =>
    Effect.gen(function* () {
      const { emptied, enter, mailbox, over } = yield* make
      const next = yield* forked(enter(Effect.succeed("next")))
      assert.deepStrictEqual([next.pollUnsafe(), mailbox.isEmpty, emptied()], [undefined, false, 0])
      yield* Deferred.fail(over, "broke")
      assert.strictEqual(yield* Fiber.join(next), "next")
      assert.deepStrictEqual([mailbox.isEmpty, emptied()], [true, 1])
    })
  )

  it.effect("lets go who waited until the deadline, and is not empty while another is at work", () =>
    Effect.gen(function* () {
      const { emptied, enter, mailbox, over, working } = yield* make
      const late = yield* forked(enter(Effect.die("never begun"))).pipe(
        Effect.provideService(Deadline, performance.now() + 60_000)
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.await(late), Exit.fail("late"))
      assert.deepStrictEqual([mailbox.isEmpty, emptied()], [false, 0])
      yield* Deferred.succeed(over, undefined)
      yield* Fiber.join(working)
      assert.deepStrictEqual([mailbox.isEmpty, emptied()], [true, 1])
    }).pipe(Effect.provide(HeldTimers.layer))
  )
})
