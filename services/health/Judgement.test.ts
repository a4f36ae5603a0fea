import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { BusUnavailable, CommandBus } from "#domain/ports/CommandBus.ts"
import { Identity } from "../identity/Identity.ts"
import { Fitness } from "../runtime/Fitness.ts"
import { Freshness } from "../runtime/Freshness.ts"
import { SharedClock } from "../runtime/SharedClock.ts"
import * as Judgement from "./Judgement.ts"

/** What a gateway needs, all of it there until the test takes something away. */
const world = () => {
  const now = { off: false, bus: true, signs: true, logMillis: 0, databaseMillis: 0 }
  const away = new BusUnavailable({ cause: "away" })
  const stubs = Layer.mergeAll(
    Layer.succeed(SharedClock, {
      isOff: () => now.off,
      offsetMillis: () => 0,
      silentMillis: () => now.databaseMillis
    }),
    Layer.succeed(Freshness, { silentMillis: () => now.logMillis } as never),
    Layer.succeed(CommandBus, {
      answer: Effect.suspend(() => (now.bus ? Effect.void : Effect.fail(away)))
    } as never),
    Layer.succeed(Identity, { signs: () => now.signs } as never)
  )
  return { now, layer: Layer.provide(Judgement.layer, stubs) }
}

describe("a gateway", () => {
  it.effect("stands aside when it cannot do its part for some seconds, and says why", () => {
    const { layer, now } = world()
    return Effect.gen(function* () {
      const { obstacle } = yield* Fitness
      assert.isUndefined(obstacle())
      now.bus = false
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(obstacle())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(obstacle(), "bus_unavailable")
      now.logMillis = 5_001
      assert.strictEqual(obstacle(), "store_unavailable")
      now.off = true
      assert.strictEqual(obstacle(), "clock_off")
      Object.assign(now, { off: false, bus: true, logMillis: 0 })
      yield* TestClock.adjust("1 second")
      assert.isDefined(obstacle(), "it has only just been right")
      yield* TestClock.adjust("3 seconds")
      assert.isUndefined(obstacle())
      now.signs = false
      assert.strictEqual(obstacle(), "no_signing_key")
      now.signs = true
      yield* TestClock.adjust("4 seconds")
      now.databaseMillis = 5_001
      assert.strictEqual(obstacle(), "database_unavailable")
    }).pipe(Effect.provide(layer))
  })

  it.effect("that has not heard of the bus yet is of no use, and does not stand aside for it", () => {
    const { layer, now } = world()
    now.bus = false
    return Effect.gen(function* () {
      const { obstacle, unheard } = yield* Fitness
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([obstacle(), unheard()], [undefined, "bus_unavailable"])
      now.bus = true
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([obstacle(), unheard()], [undefined, undefined])
      now.bus = false
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual([obstacle(), unheard()], [undefined, undefined])
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not come and go with a line that lets a word through now and then", () => {
    const { layer, now } = world()
    return Effect.gen(function* () {
      const { obstacle } = yield* Fitness
      now.logMillis = 6_000
      assert.strictEqual(obstacle(), "store_unavailable")
      for (let i = 0; i < 40; i++) {
        now.logMillis = (i * 500) % 6_000
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(obstacle(), "store_unavailable")
      }
    }).pipe(Effect.provide(layer))
  })

  it.effect("breaks work off while it stands aside, but not for want of the database", () => {
    const { layer, now } = world()
    return Effect.gen(function* () {
      const { whileFit } = yield* Fitness
      const said: Array<string> = []
      const work = Effect.sync(() => said.push("begun")).pipe(
        Effect.andThen(Effect.never),
        Effect.onInterrupt(() => Effect.sync(() => said.push("ended")))
      )
      const fiber = yield* Effect.forkChild(whileFit(work))
      yield* TestClock.adjust("1 second")
      now.databaseMillis = 6_000
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said, ["begun"])
      now.logMillis = 6_000
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(said, ["begun", "ended"])
      now.logMillis = 0
      now.databaseMillis = 0
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(said, ["begun", "ended", "begun"])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(layer))
  })
})
