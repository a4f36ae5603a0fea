import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer } from "effect"
import { GatewayClock, layer } from "./GatewayClock.ts"
import { Trust } from "./Trust.ts"

const second = 1_000
const hour = 3_600_000

/** A machine whose wall clock is off, and can be set or put to sleep. */
const machine = Effect.fnUntraced(function* ({ protocol = 2, behind = 0 } = {}) {
  let steady = 5_000
  let wall = 1_900_000_000_000
  const unused = Effect.die("not asked for")
  const own: Clock.Clock = {
    currentTimeMillisUnsafe: () => wall,
    currentTimeMillis: Effect.sync(() => wall),
    monotonicTimeNanosUnsafe: () => BigInt(steady) * 1_000_000n,
    monotonicTimeNanos: unused,
    currentTimeNanosUnsafe: () => BigInt(wall) * 1_000_000n,
    currentTimeNanos: unused,
    sleep: () => unused
  }
  const trust = Layer.succeed(Trust, { protocol } as Trust["Service"])
  const services = yield* Layer.build(Layer.fresh(layer).pipe(Layer.provide([trust, Layer.succeed(Clock.Clock, own)])))
  const clock = Context.get(services, GatewayClock)
  const heard: Array<boolean> = []
  clock.listen((isSet) => void heard.push(isSet))
  const pass = (millis: number) => {
    for (let left = millis; left > 0; left -= second) {
      const step = Math.min(left, second)
      steady += step
      wall += step
      clock.isSet()
    }
  }
  return {
    clock,
    heard,
    pass,
    setWall: (by: number) => {
      wall += by
    },
    sleep: (millis: number, steadyGoesOn: boolean) => {
      wall += millis
      if (steadyGoesOn) steady += millis
    },
    /** A question and its answer, half of `trip` each way. */
    ask: Effect.fnUntraced(function* (question: string, trip: number) {
      clock.asked(question)
      pass(trip / 2)
      const gateway = wall + behind
      pass(trip / 2)
      yield* clock.answered(question, gateway)
    }),
    error: () => clock.clock.currentTimeMillisUnsafe() - (wall + behind)
  }
})

describe("the gateway's clock", () => {
  it.effect("is not taken for another one because a question was long under way to it", () =>
    Effect.gen(function* () {
      const { clock, error, pass, setWall } = yield* machine()
      const askSlowly = Effect.fnUntraced(function* (question: string, behind: number) {
        clock.asked(question)
        pass(4 * second)
        yield* clock.answered(question, clock.clock.currentTimeMillisUnsafe() + behind)
      })
      yield* askSlowly("first", 0)
      assert.deepStrictEqual([error(), clock.offsetMillis()], [0, 0])
      setWall(hour)
      yield* askSlowly("after the clock was set", -hour)
      assert.deepStrictEqual([clock.isSet(), clock.offsetMillis()], [true, -hour + 2 * second])
    })
  )

  it.effect("is unknown until it answers; then the machine's, corrected", () =>
    Effect.gen(function* () {
      for (const behind of [0, 400, -90 * second, 3 * hour, -400 * 24 * hour]) {
        const { ask, clock, error, heard } = yield* machine({ behind })
        assert.deepStrictEqual([clock.isSet(), clock.offsetMillis()], [false, undefined])
        yield* ask("one", 80)
        assert.deepStrictEqual([clock.isSet(), clock.offsetMillis(), error(), heard], [true, behind, 0, [true]])
      }
    })
  )

  it.effect("believes no answer that was long under way, that nobody asked for, or that comes a second time", () =>
    Effect.gen(function* () {
      const { ask, clock, pass } = yield* machine()
      yield* ask("slow", 12 * second)
      yield* clock.answered("never asked", 0)
      assert.isFalse(clock.isSet())
      yield* ask("quick", 2 * second)
      assert.strictEqual(clock.offsetMillis(), 0)
      yield* clock.answered("quick", 0)
      pass(second)
      assert.deepStrictEqual([clock.isSet(), clock.offsetMillis()], [true, 0])
    })
  )

  it.effect("is unknown again after the machine's clock was set, or it slept, and keeps nothing asked before", () =>
    Effect.gen(function* () {
      const { ask, clock, heard, pass, setWall, sleep } = yield* machine()
      const changes = [
        () => setWall(3 * second),
        () => setWall(-hour),
        () => sleep(30 * second, false),
        () => sleep(8 * hour, true)
      ]
      for (const [i, change] of changes.entries()) {
        yield* ask(`${i}`, 100)
        pass(60 * second)
        assert.isTrue(clock.isSet())
        clock.asked(`before ${i}`)
        change()
        assert.isFalse(clock.isSet(), `change ${i}`)
        yield* clock.answered(`before ${i}`, 0)
        assert.isFalse(clock.isSet(), `change ${i}`)
      }
      assert.deepStrictEqual(heard, [true, false, true, false, true, false, true, false])
    })
  )

  it.effect("stays known over small corrections, a busy moment and a silent gateway", () =>
    Effect.gen(function* () {
      const { ask, clock, heard, pass, setWall } = yield* machine()
      yield* ask("one", 10)
      for (let i = 0; i < 50; i++) {
        setWall(i % 2 === 0 ? 900 : -900)
        pass(second)
      }
      pass(10 * 60 * second)
      assert.deepStrictEqual([clock.isSet(), heard], [true, [true]])
    })
  )

  it.effect("is the machine's own beside a gateway of version 1, until one answers", () =>
    Effect.gen(function* () {
      const old = yield* machine({ protocol: 1, behind: hour })
      old.setWall(hour)
      assert.deepStrictEqual([old.clock.isSet(), old.error()], [true, -hour])
      yield* old.ask("one", 10)
      assert.deepStrictEqual([old.clock.isSet(), old.error()], [true, 0])
      old.setWall(hour)
      assert.isFalse(old.clock.isSet())
      yield* old.clock.waive
      assert.isTrue(old.clock.isSet())
    })
  )
})
