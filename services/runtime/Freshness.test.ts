import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Freshness, LogElsewhere } from "./Freshness.ts"

const away = new EventStoreUnavailable({ written: "no", cause: new Error("nobody answers") })

/** A log whose head can be asked for while `there`. */
const log = () => {
  const known = { there: true, asked: 0 }
  const head = Effect.suspend(() => {
    known.asked += 1
    return known.there ? Effect.succeed(BigInt(known.asked)) : Effect.fail(away)
  })
  return { known, layer: Layer.succeed(EventStore, { head } as EventStore["Service"]) }
}

const heads = (count: number) =>
  Effect.flatMap(Freshness, ({ words }) => Stream.runCollect(Stream.take(words, count))).pipe(
    Effect.map((words) => words.map(({ head }) => head))
  )

describe("word of a log", () => {
  it.effect("that another process keeps is asked for again and again, and ages while there is none", () => {
    const { known, layer } = log()
    return Effect.gen(function* () {
      const { silentMillis } = yield* Freshness
      assert.deepStrictEqual([known.asked, silentMillis()], [1, 0])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([known.asked, silentMillis()], [2, 0])
      known.there = false
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual(silentMillis(), 7_000)
      known.there = true
      yield* TestClock.adjust("1 second")
      assert.isAtMost(silentMillis(), 1_000)
      assert.deepStrictEqual(yield* heads(1), [BigInt(known.asked)])
    }).pipe(Effect.provide(Layer.provide(Freshness.layer, [layer, Layer.succeed(LogElsewhere, true)])))
  })

  it.effect("that never came is as old as the asking", () => {
    const { known, layer } = log()
    known.there = false
    return Effect.gen(function* () {
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* Freshness).silentMillis(), 9_000)
    }).pipe(Effect.provide(Layer.provide(Freshness.layer, [layer, Layer.succeed(LogElsewhere, true)])))
  })

  it.effect("of this process is asked for once, and does not age", () => {
    const { known, layer } = log()
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(known.asked, 1)
      assert.strictEqual((yield* Freshness).silentMillis(), 0)
    }).pipe(Effect.provide(Layer.provide(Freshness.layer, layer)))
  })
})
