import { Effect, Exit, Stream } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { categoryOf } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { LogElsewhere } from "./Freshness.ts"

/**
 * What the log holds of these categories behind `after` and up to `head`, oldest first, and then the end: for decisions that rows, which somebody
 * may have changed, must not make. A log on a server cannot tell that nothing more is to come of some categories: of that one
 * all is read.
 */
export const pastOf = (
  wanted: ReadonlyArray<string>,
  head: bigint,
  after?: bigint
): Stream.Stream<RecordedEvent, EventStoreUnavailable, EventStore> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const store = yield* EventStore
      const isElsewhere = yield* LogElsewhere
      const over = new Later<void>()
      const passed = (position: bigint) => void (position >= head && over.tell(Exit.void))
      return store.subscribe({ categories: isElsewhere ? categories : wanted, after, passed }).pipe(
        Stream.takeUntil(({ position }) => position >= head),
        Stream.filter(({ position, stream }) => position <= head && wanted.includes(categoryOf(stream))),
        Stream.interruptWhen(over.told)
      )
    })
  )
