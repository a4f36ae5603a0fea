import { type Array, Cause, Effect, Schedule, Stream } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/**
 * Follows the log for ever, each array of events handled before the next. When the store goes away or `handle` fails,
 * it begins again after the last array that was handled, a little later each time: nothing is skipped, and an event
 * that cannot be handled is seen in the logs, not passed over.
 */
export const follow = <E, R>(options: {
  readonly name: string
  readonly categories: ReadonlyArray<string>
  readonly after: bigint | undefined
  readonly handle: (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => Effect.Effect<void, E, R>
}): Effect.Effect<never, never, R | EventStore> =>
  Effect.gen(function* () {
    const store = yield* EventStore
    let after = options.after
    const once = Effect.suspend(() =>
      Stream.runForEachArray(store.subscribe({ categories: options.categories, after }), (events) =>
        Effect.map(options.handle(events), () => {
          after = events[events.length - 1]!.position
        })
      )
    )
    return yield* once.pipe(
      Effect.andThen(Effect.fail("the subscription ended")),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : Effect.logError("subscription failed; it begins again", { subscription: options.name }, cause)
      ),
      Effect.sandbox,
      Effect.retry(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("10 seconds")])),
      Effect.orDie
    )
  })
