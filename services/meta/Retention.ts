import { type Array, Clock, Effect, Layer, Stream } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { type BatchId, BlobId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { BatchActors } from "./BatchActors.ts"
import * as CheckpointRows from "./CheckpointRows.ts"
import { type Held, make as heldRows } from "./HeldRows.ts"
import { Holds } from "./Holds.ts"
import { actor } from "./Keeping.ts"
import * as RecordedSince from "./RecordedSince.ts"

export interface Options {
  /** Since a webhook was taken apart, in milliseconds. */
  readonly keptMillis: number
  /** What is due is looked for so often; every minute if nothing is said. */
  readonly lookMillis?: number | undefined
}

const group = { name: "meta-retention", partitions: 1 }
const hindrances = ["clock_off", "store_unavailable"] as const

const splitIn = (event: RecordedEvent): ReadonlyArray<Held> => {
  if (!isReleased(event) || Batch.read(event).type !== "batch.split") return []
  return [{ id: Batch.idOf(event.stream), event: event.eventId, position: event.position }]
}

/**
 * Follows the log so many days behind: what was taken apart then has its bytes destroyed, and that is recorded. What was
 * not taken apart keeps them; so does what somebody still needs, for as long as that is so.
 */
export const layer = ({ keptMillis, lookMillis = 60_000 }: Options) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const actors = yield* BatchActors
      const blobs = yield* Blobs
      const checkpoints = yield* CheckpointRows.make
      const held = yield* heldRows
      const holds = yield* Holds
      const recordedSince = yield* RecordedSince.make
      const store = yield* EventStore

      const destroy = Effect.fnUntraced(function* ({ event, id }: Held) {
        const blob = BlobId.make(id)
        yield* blobs.destroy(blob)
        const at = fromMillis(yield* Clock.currentTimeMillis)
        const origin = { actor, correlationId: id, causationId: event }
        yield* actors.execute(Batch.streamOf(id), () => ({ _tag: "Destroy", at }), origin)
        yield* blobs.destroy(blob) // the same may have come once more in between, when nothing said so yet
      })

      const needed = Effect.fnUntraced(function* (some: ReadonlyArray<Held>) {
        if (some.length === 0) return new Set<BatchId>()
        const all = yield* Effect.forEach(holds.all, (hold) => hold(some))
        return new Set(all.flatMap((ids) => [...ids]))
      })

      /** What was needed when its time was over, and is no more. */
      const release = Effect.gen(function* () {
        for (let after = -1n; ; ) {
          const some = yield* held.page(after)
          const still = yield* needed(some)
          for (const one of some.filter(({ id }) => !still.has(id))) {
            yield* destroy(one)
            yield* held.remove(one.id)
          }
          const last = some.at(-1)
          if (last === undefined) return
          after = last.position
        }
      })

      const isDue = Effect.fnUntraced(function* (event: RecordedEvent) {
        const since = yield* recordedSince(event)
        return since !== undefined && since <= (yield* Clock.currentTimeMillis) - keptMillis
      })

      /** Ends with the first that is not due yet; where all are, it waits for more. */
      const work = Effect.fnUntraced(function* (lease: Lease) {
        let saved = yield* checkpoints.position("retention")
        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          const due = events.flatMap(splitIn)
          const still = yield* needed(due)
          yield* held.add(due.filter(({ id }) => still.has(id)))
          yield* Effect.forEach(
            due.filter(({ id }) => !still.has(id)),
            destroy,
            { discard: true }
          )
          const to = events[events.length - 1]!
          yield* checkpoints.move("retention", lease, saved, to)
          saved = to.position
        })
        const pass = Effect.suspend(() =>
          store
            .subscribe({ categories: [Batch.category], after: saved })
            .pipe(Stream.takeWhileEffect(isDue), Stream.runForEachArray(handle))
        )
        const always = <E>(look: Effect.Effect<void, E>) =>
          Effect.forever(Effect.andThen(look, Effect.sleep(lookMillis)))
        return yield* Effect.raceFirst(always(release), always(pass))
      })

      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
