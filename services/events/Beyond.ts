import { Effect, Schedule } from "effect"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { LogElsewhere } from "../runtime/Freshness.ts"

/** Another server of the log's may be a moment behind the one that told of the place: once is no proof. */
const again = { schedule: Schedule.spaced("200 millis"), times: 5 }

/**
 * Whether the log ends before a place, as an older copy does that was put in its place. Whoever follows it from there
 * would hear nothing until it has grown past.
 */
export const make = Effect.gen(function* () {
  const { head } = yield* EventStore
  const times = (yield* LogElsewhere) ? again.times : 0

  return (place: bigint): Effect.Effect<boolean, EventStoreUnavailable> =>
    Effect.flatMap(head, (end) =>
      end === undefined || end < place ? Effect.fail("beyond" as const) : Effect.succeed(false)
    ).pipe(
      Effect.retry({ ...again, times, while: (failure) => failure === "beyond" }),
      Effect.catchIf(
        (failure) => failure === "beyond",
        () => Effect.succeed(true)
      )
    )
})
