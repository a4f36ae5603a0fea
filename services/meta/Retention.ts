import { type Array, Clock, Effect, Layer, Stream } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { BlobId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { Archive } from "#domain/ports/Archive.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { BatchActors } from "./BatchActors.ts"
import * as CheckpointRows from "./CheckpointRows.ts"
import { actor } from "./Keeping.ts"

export interface Options {
  /** Since a webhook was taken apart, in milliseconds. */
  readonly keptMillis: number
}

const group = { name: "meta-retention", partitions: 1 }
const hindrances = ["clock_off", "store_unavailable"] as const
/** What is due is looked for so often. */
const pause = "1 minute"

/**
 * Follows the log so many days behind: what was taken apart then has its bytes destroyed, and that is recorded. What was
 * not taken apart keeps them, and so does what is to be archived and is not yet.
 */
export const layer = ({ keptMillis }: Options) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const actors = yield* BatchActors
      const isArchived = (yield* Archive) !== undefined
      const blobs = yield* Blobs
      const checkpoints = yield* CheckpointRows.make
      const store = yield* EventStore

      const destroy = Effect.fnUntraced(function* (event: RecordedEvent) {
        if (!isReleased(event) || Batch.read(event).type !== "batch.split") return
        const id = Batch.idOf(event.stream)
        const blob = BlobId.make(id)
        yield* blobs.destroy(blob)
        const at = fromMillis(yield* Clock.currentTimeMillis)
        const origin = { actor, correlationId: id, causationId: event.eventId }
        yield* actors.execute(event.stream, () => ({ _tag: "Destroy", at }), origin)
        yield* blobs.destroy(blob) // the same may have come once more in between, when nothing said so yet
      })

      /** Ends with the first that is not due yet; where all are, it waits for more. */
      const work = Effect.fnUntraced(function* (lease: Lease) {
        let saved = yield* checkpoints.position("retention")
        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          yield* Effect.forEach(events, destroy, { discard: true })
          const to = events[events.length - 1]!
          yield* checkpoints.move("retention", lease, saved, to)
          saved = to.position
        })
        const pass = Effect.gen(function* () {
          const archived = isArchived ? ((yield* checkpoints.position("archive")) ?? -1n) : undefined
          const isDue = ({ position, recordedAt }: RecordedEvent) =>
            Effect.map(
              Clock.currentTimeMillis,
              (now) => toMillis(recordedAt) <= now - keptMillis && (archived === undefined || position <= archived)
            )
          yield* store
            .subscribe({ categories: [Batch.category], after: saved })
            .pipe(Stream.takeWhileEffect(isDue), Stream.runForEachArray(handle))
        })
        return yield* Effect.forever(Effect.andThen(pass, Effect.sleep(pause)))
      })

      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
