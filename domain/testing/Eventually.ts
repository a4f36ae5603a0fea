import { Effect, Schedule } from "effect"

/**
 * How long what must happen is waited for. It ends a hang and judges nothing: a machine that does thirty things at once stays
 * far below. The runner's own limit comes later, or it would not be said what was waited for.
 */
export const patience = "5 minutes"
export const patienceMillis = 300_000

/** Looks until it fits, on a clock that goes by itself; dies with what it saw last when it never does. */
export const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, fits: (a: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let last: A | undefined
    return Effect.tap(look, (seen) => {
      last = seen
      return Effect.void
    }).pipe(
      Effect.repeat({ until: fits, schedule: Schedule.spaced("20 millis") }),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.die(new Error(`it never fitted: ${JSON.stringify(last)}`))
      })
    )
  })

/** The same of what needs no asking. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.asVoid(eventually(Effect.sync(holds), (so) => so))
