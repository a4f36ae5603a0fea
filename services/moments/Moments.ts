import { Context, Effect, Layer, Schema, Stream } from "effect"
import { categories } from "#domain/Aggregates.ts"
import type { Instant } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { pastOf } from "../runtime/Past.ts"
import { Readiness } from "../views/Readiness.ts"
import { Registrations } from "../views/Registrations.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { readable } from "../views/Views.ts"
import * as MomentRows from "./MomentRows.ts"

/** Where which time is in the log is not written yet: the rows are made anew. */
export class MomentsUnwritten extends Schema.TaggedError<MomentsUnwritten>()("MomentsUnwritten", {}) {
  readonly retryAfterSeconds = 1
}

/**
 * A moment is a place in the log: its last event that was recorded by then, by the gateway's clock as it stands in the event.
 * What comes before that in the log belongs to it, whatever a clock that was set back later says: nothing is without what it
 * came of. Of a moment that is not over it is the log's end.
 */
export class Moments extends Context.Service<
  Moments,
  {
    readonly placeOf: (at: Instant) => Effect.Effect<bigint, Unavailable | MomentsUnwritten>
  }
>()("homing/services/moments/Moments") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const store = yield* EventStore
      const { written } = yield* Readiness
      const rows = yield* MomentRows.make

      return {
        placeOf: Effect.fn("Moments.placeOf")(function* (at) {
          if (!written()) return yield* new MomentsUnwritten()
          const { from, to } = yield* readable(rows.around(at))
          const end = to ?? (yield* store.head)
          if (end === undefined || end <= from) return from
          return yield* pastOf(categories, end, from === MomentRows.bottom.position ? undefined : from).pipe(
            Stream.runFold(
              () => from,
              (found, { metadata, position }) => (metadata.occurredAt <= at ? position : found)
            ),
            Effect.provideService(EventStore, store)
          )
        })
      }
    })
  )
}

/** What registers itself, to be written as rows. */
export const projections = Layer.effectDiscard(
  Effect.map(Registrations, ({ register }) => register({ rows: MomentRows.view }))
)
