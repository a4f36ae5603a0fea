import { Clock, Effect, Option, Stream } from "effect"
import { toMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** For what stands behind an event; the log only ends after that if there is nothing. */
const patience = "10 seconds"

/**
 * Since when an event stands in the log, in milliseconds, as far as that can be believed; `undefined` as long as nobody knows. A time that is
 * still to come is of a clock that was ahead: then it stands there at least since the next one behind it that is not.
 */
export const make = Effect.map(EventStore, (store) => {
  let found = { upTo: -1n, at: 0 }

  const behind = (position: bigint, now: number) =>
    store.subscribe({ categories: [Batch.category], after: position }).pipe(
      Stream.filter(({ recordedAt }) => toMillis(recordedAt) <= now),
      Stream.runHead,
      Effect.timeoutOption(patience),
      Effect.map(Option.flatten)
    )

  return Effect.fnUntraced(function* ({ position, recordedAt }: RecordedEvent) {
    const now = yield* Clock.currentTimeMillis
    const at = toMillis(recordedAt)
    if (at <= now) return at
    if (position > found.upTo) {
      const next = yield* behind(position, now)
      if (Option.isNone(next)) return undefined
      found = { upTo: next.value.position, at: toMillis(next.value.recordedAt) }
    }
    return found.at
  })
})
