import { type Array, Effect, Option, Schema, Stream } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import type { Masks } from "#domain/archive/Masking.ts"
import { toMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import type { ArchiveRecord, ArchiveService, OpenArchive } from "#domain/ports/Archive.ts"
import type { BlobsUnavailable } from "#domain/ports/Blobs.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as CheckpointRows from "../meta/CheckpointRows.ts"
import { type Bounds, portions } from "../meta/Portions.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { lineArchived } from "../telemetry/Metrics.ts"
import * as Records from "./Records.ts"
import * as Regions from "./Regions.ts"
import type { Standing } from "./Standing.ts"

/** One gateway at a time, so that each request is archived once, in the log's order. */
const group = { name: "archive", partitions: 1 }
const hindrances = ["clock_off", "store_unavailable"] as const

/** So much is archived at once: of bytes, since of each request several times as much is in memory. */
const most: Bounds = { items: 128, bytes: 8 * 1024 * 1024 }
/** What comes meanwhile is archived together, with one sync. */
const gatheringMillis = 50

/** It holds something, and nothing that stands in this log. */
export class ArchiveOfOtherLog extends Schema.TaggedError<ArchiveOfOtherLog>()("ArchiveOfOtherLog", {}) {
  override get message() {
    return "the archive is of another log: nothing is added to it. Name another place in ARCHIVE_URL, or start with the log that it is of"
  }
}

const sizeOf = (event: RecordedEvent): number => {
  if (!isReleased(event)) return 0
  const { data, type } = Batch.read(event)
  return type === "batch.received" ? data.bytes : 0
}

/**
 * Archives what was kept, in the log's order, behind everybody's back: nobody's answer waits for it, and no bytes are
 * destroyed before. What was archived when a process ended is found there, and not archived again.
 */
export const run = Effect.fnUntraced(function* (archive: ArchiveService, masks: Masks | undefined, standing: Standing) {
  const checkpoints = yield* CheckpointRows.make
  const records = yield* Records.make(masks)
  const regionsOf = yield* Regions.make
  const store = yield* EventStore

  const recordOf = (
    event: RecordedEvent
  ): Effect.Effect<ReadonlyArray<ArchiveRecord>, BlobsUnavailable | EventStoreUnavailable> => {
    if (!isReleased(event)) return Effect.succeed([])
    const { data, type } = Batch.read(event)
    if (type === "batch.received") return Effect.map(records.requestOf(event, data), (record) => [record])
    if (type !== "batch.split") return Effect.succeed([])
    return Effect.map(regionsOf(event), (found) => (found === undefined ? [] : [records.routingOf(event, found)]))
  }

  /** Behind which event it goes on: what the archive itself holds counts for as much as what the database says. */
  const reached = Effect.fnUntraced(function* (opened: OpenArchive) {
    const saved = yield* checkpoints.position("archive")
    let isEmpty = true
    const found = yield* opened.newest.pipe(
      Stream.filterEffect(({ event, position }) => {
        isEmpty = false
        return Effect.map(store.at(position), (there) => there === event)
      }),
      Stream.runHead
    )
    if (Option.isNone(found)) return isEmpty ? saved : yield* new ArchiveOfOtherLog()
    const { position } = found.value
    return saved === undefined || position > saved ? position : saved
  })

  const archiving = Effect.fnUntraced(function* (lease: Lease) {
    standing.waits()
    const opened = yield* archive.open
    const after = yield* reached(opened)
    standing.rests()
    const { during, orEnd } = yield* Subscription.committing
    let saved = yield* checkpoints.position("archive")
    const take = Effect.fnUntraced(function* (portion: Array.NonEmptyReadonlyArray<RecordedEvent>) {
      standing.waits(toMillis(portion[0].recordedAt))
      const found = (yield* Effect.forEach(portion, recordOf, { concurrency: 8 })).flat()
      // what of it is there is found there, by whoever has the archive next
      yield* orEnd(Effect.andThen(opened.append(found), checkpoints.move("archive", lease, saved, portion.at(-1)!)))
      saved = portion.at(-1)!.position
      for (const { line } of found) lineArchived((line as { readonly kind: string }).kind)
      standing.rests()
    })
    const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
      Effect.andThen(
        Effect.forEach(portions(events, sizeOf, most), take, { discard: true }),
        Effect.sleep(gatheringMillis)
      )
    return yield* during(Subscription.follow({ name: "archive", categories: [Batch.category], after, handle }))
  })

  /** Whoever goes on with it elsewhere knows what waits. */
  const work = (lease: Lease) => Effect.onInterrupt(Effect.scoped(archiving(lease)), () => Effect.sync(standing.rests))
  return yield* Partitions.run(group, work, hindrances)
})
