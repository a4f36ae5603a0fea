import { Effect, type Scope } from "effect"
import { Later } from "#domain/Later.ts"

/**
 * Whoever asks while a reading is under way shares the next one with all others who do: it begins after each of them
 * asked, so none is told what was true before.
 */
export const shared = <A, E>(reading: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let next: Later<A, E> | undefined
    let isReading = false

    const readOn = Effect.gen(function* () {
      while (next !== undefined) {
        const asked = next
        next = undefined
        yield* asked.toldBy(reading)
      }
      isReading = false
    })

    return Effect.gen(function* () {
      next ??= new Later<A, E>()
      const answer = next
      if (!isReading) {
        isReading = true
        yield* Effect.forkIn(readOn, scope)
      }
      return yield* answer.told
    })
  })
