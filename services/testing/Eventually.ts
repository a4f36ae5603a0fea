import { Effect, Schedule } from "effect"

/** Looks until it fits, for up to twenty seconds; fails with what it saw last. */
export const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, fits: (a: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let last: A | undefined
    return Effect.tap(look, (seen) => {
      last = seen
      return Effect.void
    }).pipe(
      Effect.repeat({ until: fits, schedule: Schedule.spaced("20 millis") }),
      Effect.timeoutOrElse({
        duration: "20 seconds",
        orElse: () => Effect.die(new Error(`it never fitted: ${JSON.stringify(last)}`))
      })
    )
  })
