import { assert, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { rebuilt } from "./Rebuilt.ts"

class Ready extends Context.Service<Ready, { readonly life: number }>()("homing/services/cli/Rebuilt.test/Ready") {}
const lost = new Error("the server went away")
const isLoss = (error: unknown) => error === lost

/** Fails in the midst of its first lives, when what it stands on is open. */
const world = (failures: ReadonlyArray<Error>) => {
  const open: Array<number> = []
  let lives = 0
  const ground = Layer.effectDiscard(
    Effect.suspend(() => {
      const life = lives++
      return Effect.acquireRelease(
        Effect.sync(() => open.push(life)),
        () => Effect.sync(() => open.splice(open.indexOf(life), 1))
      )
    })
  )
  const start = Layer.effect(
    Ready,
    Effect.gen(function* () {
      yield* Effect.sleep("10 seconds")
      const failure = failures[lives - 1]
      return failure === undefined ? { life: lives - 1 } : yield* Effect.fail(failure)
    })
  )
  return { open, layer: Layer.provideMerge(start, ground), lives: () => lives }
}
const begun = (layer: Layer.Layer<Ready, Error>) =>
  Effect.gen(function* () {
    const starting = yield* Effect.forkScoped(Effect.exit(rebuilt(layer, isLoss)))
    yield* TestClock.adjust("2 minutes")
    return yield* Fiber.join(starting)
  })

it.effect("a start in whose midst a server went away is begun again, all of it, until that is back", () =>
  Effect.gen(function* () {
    const { layer, open } = world([lost, lost])
    const services = yield* yield* begun(layer)
    assert.strictEqual(Context.get(services, Ready).life, 2)
    assert.deepStrictEqual(open, [2])
  })
)

it.effect("one that does not come back ends it, and so does anything else at once", () =>
  Effect.gen(function* () {
    const away = world(Array(20).fill(lost))
    assert.isTrue(Exit.isFailure(yield* begun(away.layer)))
    assert.deepStrictEqual([away.open, away.lives()], [[], 4])
    const broken = world([new Error("a table is not what it was")])
    assert.isTrue(Exit.isFailure(yield* begun(broken.layer)))
    assert.deepStrictEqual([broken.open, broken.lives()], [[], 1])
  })
)
