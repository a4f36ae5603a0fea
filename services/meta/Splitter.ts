import { type Array, Clock, Effect, Layer } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import * as Clocks from "#domain/Clocks.ts"
import type { BatchId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { Batch, type ReceivedBatch } from "#domain/meta/Batch.ts"
import { type Piece, split } from "#domain/meta/Splitting.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import { type OpenSpan, Traces } from "#domain/ports/Tracing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import type { Mark } from "../tables/Positions.ts"
import * as CheckpointRows from "./CheckpointRows.ts"
import * as Contents from "./Contents.ts"
import { type Arrival, MetaFacts } from "./Facts.ts"
import { type Bounds, portions } from "./Portions.ts"
import { type Rush, restAfter } from "./Rush.ts"
import * as Settling from "./Settling.ts"

/** One gateway at a time: what two requests say of one person is recorded in their order. */
const group = { name: "meta-split", partitions: 1 }

/** What is recorded needs no key of the wire. */
const hindrances = ["clock_off", "store_unavailable"] as const

/** So much is taken apart at once: of bytes, since of each request several times as much is in memory. */
const most: Bounds = { items: 64, bytes: 8 * 1024 * 1024 }
const mostChats = 128

/** What comes meanwhile is taken apart together, in fewer commits. */
const gatheringMillis = 25

interface Request extends ReceivedBatch {
  readonly id: BatchId
  readonly event: Mark & Pick<RecordedEvent, "metadata">
}

interface Told {
  readonly piece: Piece
  readonly arrival: Arrival
}

const requestIn = (event: RecordedEvent): ReadonlyArray<Request> => {
  if (!isReleased(event)) return []
  const { data, type } = Batch.read(event)
  return type === "batch.received" && data.source === undefined
    ? [{ ...data, id: Batch.idOf(event.stream), event }]
    : []
}

const lateBy = ({ receivedAt }: Request) => Effect.map(Clock.currentTimeMillis, (now) => now - toMillis(receivedAt))

/** Within which order it is told: with whom, or of which account. */
const chatOf = ({ piece: { account, group, person } }: Told): string =>
  group ?? person?.phone ?? person?.bsuid ?? account ?? ""

/**
 * Takes apart what was kept, in the log's order, and records every piece as a fact; then that it is done. What was begun
 * when a process ended is done again, and is the same facts.
 */
export const layer = (rush: Rush) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const now = yield* Clocks.steady
      const checkpoints = yield* CheckpointRows.make
      const contents = yield* Contents.make
      const facts = yield* MetaFacts
      const settling = yield* Settling.make
      const traces = yield* Traces

      const receive = ({ arrival, piece }: Told) => Effect.retry(facts.receive(piece, arrival), Settling.patience)
      /** What cannot be recorded as what it is, is recorded as it came: it is in the way of nothing. */
      const record = (told: Told) =>
        Effect.catchDefect(receive(told), (defect) =>
          Effect.logError("a piece of a webhook cannot be read; it is recorded as it came", {
            batch: told.arrival.batch,
            problem: defect instanceof Error ? defect.name : "unknown"
          }).pipe(Effect.andThen(receive({ ...told, piece: contents.unread(told.piece.payload) })))
        )

      const take = Effect.fnUntraced(function* (requests: ReadonlyArray<Request>) {
        const spans = new Map<BatchId, OpenSpan>()
        const read = yield* Effect.forEach(
          requests,
          (request) =>
            Effect.map(contents.of(request), (payload) => {
              const { app, event, id: batch, receivedAt } = request
              const span = traces?.begin("split", event.metadata.traceparent)
              if (span !== undefined) spans.set(batch, span)
              const arrival = { app, batch, receivedAt, trace: span?.traceparent }
              const told = typeof payload === "string" ? payload : split(payload).map((piece) => ({ piece, arrival }))
              return { request, told }
            }),
          { concurrency: 8 }
        )
        const chats = Map.groupBy(
          read.flatMap(({ told }): ReadonlyArray<Told> => (typeof told === "string" ? [] : told)),
          chatOf
        )
        const conflicts = new Map<BatchId, number>()
        const one = (told: Told) =>
          Effect.map(record(told), ({ isConflicting }) => {
            const { batch } = told.arrival
            if (isConflicting) conflicts.set(batch, (conflicts.get(batch) ?? 0) + 1)
          })
        yield* Effect.forEach(chats.values(), (chat) => Effect.forEach(chat, one, { discard: true }), {
          concurrency: mostChats,
          discard: true
        })
        yield* Effect.forEach(
          read,
          ({ request, told }) =>
            typeof told === "string"
              ? settling.asLost(request, told)
              : settling.asSplit(request, told.length, conflicts.get(request.id) ?? 0),
          { concurrency: "unbounded", discard: true }
        )
        for (const [batch, span] of spans) span.end({ "homing.batch.id": batch })
      })

      const work = Effect.fnUntraced(function* (lease: Lease) {
        const after = yield* checkpoints.position("split")
        const { during, orEnd } = yield* Subscription.committing
        let saved = after
        const save = (to: Mark) =>
          Effect.map(orEnd(checkpoints.move("split", lease, saved, to)), () => {
            saved = to.position
          })
        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          const requests = events.flatMap(requestIn)
          for (const portion of portions(requests, ({ bytes }) => bytes, most)) {
            const begun = now()
            yield* take(portion)
            yield* save(portion.at(-1)!.event)
            if (rush.isOn) yield* Effect.sleep(restAfter(now() - begun, yield* lateBy(portion[0])))
          }
          if (requests.length > 0) yield* Effect.sleep(gatheringMillis)
        })
        return yield* during(Subscription.follow({ name: "meta", categories: [Batch.category], after, handle }))
      })

      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
