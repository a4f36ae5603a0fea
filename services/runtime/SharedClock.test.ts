import { assert, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Leases, LeasesUnavailable } from "#domain/ports/Leases.ts"
import { SharedClock } from "./SharedClock.ts"

/** A gateway whose machine's clock is so far ahead, beside a database. */
const gateway = Effect.gen(function* () {
  const test = yield* Clock.Clock
  const now = { aheadMillis: 0, tripMillis: 0, there: true }
  const wall = () => test.currentTimeMillisUnsafe() + now.aheadMillis
  const own: Clock.Clock = {
    ...test,
    sleep: (duration) => test.sleep(duration),
    currentTimeMillisUnsafe: wall,
    currentTimeMillis: Effect.sync(wall),
    monotonicTimeNanosUnsafe: () => test.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: test.monotonicTimeNanos
  }
  const time = Effect.suspend(() =>
    now.there
      ? Effect.delay(
          Effect.sync(() => test.currentTimeMillisUnsafe()),
          now.tripMillis
        )
      : Effect.fail(new LeasesUnavailable({ cause: "away" }))
  )
  const services = yield* Layer.build(
    SharedClock.layer.pipe(
      Layer.provide(Layer.succeed(Leases, { time } as never)),
      Layer.provide(Layer.succeed(Clock.Clock, own))
    )
  )
  return { now, clock: Context.get(services, SharedClock) }
})

it.effect("a clock is off from five seconds on, to either side, and right again when it is half as near", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(1_000_000)
    const { clock, now } = yield* gateway
    for (const sign of [1, -1]) {
      for (const [seconds, off] of [
        [1, false],
        [4, false],
        [6, true],
        [4, true],
        [2, false]
      ] as const) {
        now.aheadMillis = sign * seconds * 1_000
        assert.deepStrictEqual([clock.offsetMillis(), clock.isOff()], [now.aheadMillis, off])
      }
    }
  })
)

it.effect(
  "what is known of a clock outlives the database's absence, and an answer that took long does not spoil it",
  () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { clock, now } = yield* gateway
      now.there = false
      yield* TestClock.adjust("10 minutes")
      assert.isFalse(clock.isOff())
      assert.isAtLeast(clock.silentMillis(), 599_000)
      now.aheadMillis = 7_200_000
      assert.isTrue(clock.isOff())
      now.aheadMillis = 0
      now.there = true
      now.tripMillis = 20_000
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([clock.offsetMillis(), clock.isOff()], [0, false])
    })
)

it.effect("who shares no clock has nobody to be compared with", () =>
  Effect.gen(function* () {
    const services = yield* Layer.build(
      SharedClock.layer.pipe(Layer.provide(Layer.succeed(Leases, { time: undefined } as never)))
    )
    const clock = Context.get(services, SharedClock)
    assert.deepStrictEqual([clock.isOff(), clock.offsetMillis(), clock.silentMillis()], [false, 0, 0])
  })
)
