import { Array, Effect } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

const busy = 32

/**
 * After an array was written: under load, arrays grow and a message's first two events share one row's write. After one
 * that was large already the rest is longer than messages take then. Who is behind does not rest: what stood in the log
 * before it began, or when it last rested, is written first.
 */
export const make = Effect.gen(function* () {
  const store = yield* EventStore
  let head: bigint | undefined
  const look = Effect.ignore(
    Effect.map(store.head, (now) => {
      head = now
    })
  )
  yield* look
  return (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
    Effect.suspend(() => {
      if (head !== undefined && Array.lastNonEmpty(events).position < head) return Effect.yieldNow // requests go on
      return events.length < busy ? Effect.sleep("50 millis") : Effect.andThen(Effect.sleep("500 millis"), look)
    })
})
