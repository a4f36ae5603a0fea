import { Effect } from "effect"
import * as Clocks from "#domain/Clocks.ts"

/** What has failed again and again for so long does not get on here. */
const patienceMillis = 5_000

/** Which of several works fail again and again. */
export const make = Effect.map(Clocks.steady, (now) => {
  const since = new Map<number, number>()
  return {
    /** One life of a work. It gets on when it goes on for a while, and fails when it ends. */
    life: <R>(work: number, life: Effect.Effect<unknown, never, R>) => {
      const gettingOn = Effect.sync(() => since.delete(work)).pipe(
        Effect.delay(patienceMillis),
        Effect.andThen(Effect.never)
      )
      const ended = Effect.sync(() => {
        if (!since.has(work)) since.set(work, now())
      })
      return Effect.andThen(Effect.raceFirst(life, gettingOn), ended)
    },
    /** None of these gets on. */
    areAll: (works: ReadonlyArray<number>) =>
      works.length > 0 && works.every((work) => now() - (since.get(work) ?? now()) > patienceMillis),
    forget: (...works: ReadonlyArray<number>) => {
      for (const work of works) since.delete(work)
    }
  }
})
