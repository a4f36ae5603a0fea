import { Effect } from "effect"
import { TestClock } from "effect/testing"

/** One turn of the real event loop: disk, timers and signatures get on, the test's clock stands still. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
/** What is under way gets on, and no time passes. */
export const turns = Effect.repeat(turn, { times: 20 })
const patienceMillis = 60_000

export const until = (what: string, condition: () => boolean) =>
  Effect.suspend(() => {
    const deadline = performance.now() + patienceMillis
    return Effect.repeat(turn, { until: () => condition() || performance.now() > deadline }).pipe(
      Effect.andThen(Effect.suspend(() => (condition() ? Effect.void : Effect.die(new Error(`never: ${what}`)))))
    )
  })

/** Lets time pass, a second after the other, and what it brings happen. */
export const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), Effect.repeat(turn, { times: 7 })), { times: seconds - 1 })
