import { Effect, Exit, Stream } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { Later } from "#domain/Later.ts"
import type { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { isLong } from "./MetaDocument.ts"

/** One reading looks at no more: whoever wants the rest asks again. */
export const mostLookedAt = 2_000
/** Nor does it hold more of those that are long. */
const mostLong = 4
/** At the log's end may stand what only a newer release knows, and not every store says that nothing else is there. */
const patience = "1 second"

export interface Read<Item> {
  readonly items: ReadonlyArray<Item>
  /** Everything up to here was looked at; `undefined` while the log has nothing. */
  readonly upTo: bigint | undefined
  /** The log went further when the reading began: where it ended before, be it for time, more may be there to look at. */
  readonly hasMore: boolean
}

/**
 * Reads the log behind `after`, in its order, as far as it went when the reading began, until `limit` items were picked of
 * it. An item and the place that was reached are noted in one step: whenever it ends, each was either read or was not.
 */
export const reading =
  (store: EventStore["Service"]) =>
  <Item, E, R>(
    after: bigint | undefined,
    limit: number,
    pick: (event: RecordedEvent) => Effect.Effect<Item | undefined, E, R>
  ): Effect.Effect<Read<Item>, E | EventStoreUnavailable, R> =>
    Effect.flatMap(store.head, (head) => {
      const items: Array<Item> = []
      if (head === undefined || (after !== undefined && after >= head)) {
        return Effect.succeed({ items, upTo: after, hasMore: false })
      }
      const end = new Later<void>()
      let upTo = after
      let looked = 0
      let long = 0
      const isFull = () => items.length >= limit || looked >= mostLookedAt || long >= mostLong
      /** A place behind the head is none that the log has come to, as far as whoever is asked for it next may know. */
      const passed = (position: bigint) => {
        const place = position < head ? position : head
        if (upTo === undefined || place > upTo) upTo = place
        if (upTo >= head) end.tell(Exit.void)
      }
      const one = (event: RecordedEvent) =>
        Effect.flatMap(pick(event), (item) => {
          if (item !== undefined) items.push(item)
          if (item !== undefined && isLong(event)) long++
          upTo = event.position
          looked++
          if (!isFull() && upTo < head) return Effect.void
          end.tell(Exit.void)
          return Effect.never
        })
      return Effect.raceFirst(Stream.runForEach(store.subscribe({ categories, after, passed }), one), end.told).pipe(
        Effect.timeoutOption(patience),
        // one that came no further is not asked to go on: there may be nothing that is told, now or ever
        Effect.map(() => ({ items, upTo, hasMore: looked > 0 && upTo !== undefined && upTo < head }))
      )
    })
