import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { LedgerUnavailable } from "#domain/ports/Ledger.ts"
import * as LedgerPatience from "./LedgerPatience.ts"

/** A ledger that can be down, and how often it was asked. */
const scene = Effect.gen(function* () {
  const state = { down: true, asked: 0, logged: [] as Array<string> }
  const logger = Logger.make(({ message }) => void state.logged.push(String(message)))
  const patience = Context.get(yield* Layer.build(LedgerPatience.layer), LedgerPatience.LedgerPatience)
  const write = Effect.suspend(() => {
    state.asked++
    return state.down ? Effect.fail(new LedgerUnavailable({ cause: "test" })) : Effect.succeed("written")
  })
  const begin = patience
    .surely(write)
    .pipe(Effect.provide(Logger.layer([logger])), (work) => Effect.forkScoped(work, { startImmediately: true }))
  const read = patience.surely(Effect.succeed("read")).pipe(Effect.provide(Logger.layer([logger])))
  return { state, begin, read }
})

it.effect("an outage of the ledger is told once, and who comes meanwhile waits with the others", () =>
  Effect.gen(function* () {
    const { begin, state } = yield* scene
    const first = yield* Effect.replicateEffect(begin, 50)
    assert.deepStrictEqual([state.asked, state.logged.length], [1, 1])
    yield* TestClock.adjust("1 second")
    const after = state.asked
    const later = yield* Effect.replicateEffect(begin, 50)
    assert.strictEqual(state.asked, after)
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(state.logged.length, 1)
    state.down = false
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(new Set(yield* Fiber.joinAll([...first, ...later])), new Set(["written"]))
    assert.strictEqual(state.logged.length, 2)
    state.down = true
    yield* begin
    assert.strictEqual(state.logged.length, 3)
  })
)

it.effect("what the ledger does all the same says nothing about what it refuses", () =>
  Effect.gen(function* () {
    const { begin, read, state } = yield* scene
    const refused = yield* begin
    for (let n = 0; n < 3; n++) {
      yield* TestClock.adjust("999 millis")
      const reading = yield* Effect.forkChild(read)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(reading), "read")
    }
    assert.deepStrictEqual([refused.pollUnsafe(), state.logged.length], [undefined, 1])
  })
)

it.effect("who gives up while all wait strands nobody", () =>
  Effect.gen(function* () {
    const { begin, state } = yield* scene
    const [first, second] = [yield* begin, yield* begin]
    state.down = false
    yield* Fiber.interrupt(first)
    assert.strictEqual(yield* Fiber.join(second), "written")
  })
)
