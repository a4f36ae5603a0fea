import { type Array, Cause, Deferred, Effect, Stream } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

const firstPauseMillis = 100
const longestPauseMillis = 10_000

/**
 * Follows the log for ever, each array of events handled before the next. When the store goes away or `handle` fails,
 * it begins again after the last array that was handled, a little later each time that nothing was: nothing is skipped,
 * and an event that cannot be handled is seen in the logs, not passed over.
 */
export const follow = <E, R>(options: {
  readonly name: string
  readonly categories: ReadonlyArray<string>
  readonly after: bigint | undefined
  /** See `EventStore.subscribe`. */
  readonly passed?: (position: bigint) => void
  readonly handle: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => Effect.Effect<void, E, R>
}): Effect.Effect<never, never, R | EventStore> =>
  Effect.gen(function* () {
    const store = yield* EventStore
    let after = options.after
    let failures = 0
    const strange = new Set<string>()
    const remark = (events: ReadonlyArray<RecordedEvent>) => {
      if (events.every(isReleased)) return Effect.void
      const types = events.flatMap((event) => (isReleased(event) || strange.has(event.type) ? [] : [event.type]))
      if (types.length === 0) return Effect.void
      for (const type of types) strange.add(type)
      return Effect.logWarning("the log holds events of a newer release; they are passed over here", {
        subscription: options.name,
        types: [...new Set(types)].join(" ")
      })
    }
    const once = Effect.suspend(() =>
      Stream.runForEachArray(
        store.subscribe({ categories: options.categories, after, passed: options.passed }),
        (events) =>
          Effect.map(Effect.andThen(remark(events), options.handle(events)), () => {
            after = events[events.length - 1]!.position
            failures = 0
          })
      )
    )
    const pause = Effect.suspend(() => Effect.sleep(Math.min(firstPauseMillis * 2 ** failures++, longestPauseMillis)))
    return yield* once.pipe(
      Effect.andThen(Effect.fail("the subscription ended")),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : Effect.logError("subscription failed; it begins again", { subscription: options.name }, cause)
      ),
      Effect.catchCause(() => pause),
      Effect.forever
    )
  })

/**
 * A commit that failed may have happened, and only the database knows where to go on: work `during` which one does ends with
 * it, and handles nothing once more before.
 */
export const committing = Effect.map(Deferred.make<never, unknown>(), (failed) => ({
  orEnd: <A, E, R>(commit: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
    Effect.catchCause(commit, (cause) => Effect.andThen(Deferred.failCause(failed, cause), Effect.never)),
  during: <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, unknown, R> =>
    Effect.raceFirst(Deferred.await(failed), work)
}))
