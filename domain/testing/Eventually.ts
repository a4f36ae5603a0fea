import { Effect, Schedule } from "effect"

/** How long what must happen is waited for. It ends a hang and judges nothing: a busy machine stays far below. */
export const patience = "1 minute"

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
