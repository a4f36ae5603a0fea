import { Cause, Effect, Exit, Layer, Scope } from "effect"
import * as Clocks from "#domain/Clocks.ts"

/** A server that is away before a start is waited for as long. */
const patienceMillis = 30_000
const pause = "500 millis"

/**
 * Builds it, and all of it once more when a server that it needs is lost in the midst of it: what was begun is closed first.
 * One that does not come back ends it, in the words in which one ends it that was never there.
 */
export const rebuilt = <A, E>(
  layer: Layer.Layer<A, E>,
  isLoss: (error: unknown) => boolean,
  patience = patienceMillis
) =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const now = yield* Clocks.steady
    let lostAt: number | undefined
    for (;;) {
      const life = yield* Scope.fork(scope)
      const exit = yield* Effect.exit(Layer.buildWithScope(Layer.fresh(layer), life))
      if (Exit.isSuccess(exit)) return exit.value
      yield* Scope.close(life, exit)
      lostAt ??= now()
      const error = Cause.squash(exit.cause)
      if (!isLoss(error) || now() - lostAt >= patience) return yield* Effect.failCause(exit.cause)
      yield* Effect.logWarning("a server went away in the midst of the start, which is begun again", Cause.fail(error))
      yield* Effect.sleep(pause)
    }
  })
