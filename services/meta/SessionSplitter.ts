import { type Array, Effect, Layer } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import * as Clocks from "#domain/Clocks.ts"
import { Batch } from "#domain/meta/Batch.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { type Telling, tellings, usual } from "#domain/session/Telling.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import * as CheckpointRows from "./CheckpointRows.ts"
import * as Contents from "./Contents.ts"
import type { Arrival } from "./Facts.ts"
import { type Rush, restAfter } from "./Rush.ts"
import { SessionFacts } from "./SessionFacts.ts"
import type { SessionSource } from "./SessionSources.ts"
import * as Settling from "./Settling.ts"

/** One gateway at a time: what two requests say of one session is recorded in their order. */
const group = { name: "session-split", partitions: 1 }
const hindrances = ["clock_off", "store_unavailable"] as const
const mostChats = 64

/** Takes apart what session sources posted, in the log's order, and records each thing as a fact; then that it is done. */
export const layer = (sources: ReadonlyMap<string, SessionSource>, rush: Rush) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const now = yield* Clocks.steady
      const checkpoints = yield* CheckpointRows.make
      const contents = yield* Contents.make
      const facts = yield* SessionFacts
      const settling = yield* Settling.make
      const traces = yield* Traces

      const receive = (telling: Telling, arrival: Arrival) =>
        Effect.retry(facts.receive(telling, arrival), Settling.patience)
      /** What cannot be recorded as what it is, is recorded as it came: it is in the way of nothing. */
      const record = (telling: Telling, arrival: Arrival) =>
        Effect.catchDefect(receive(telling, arrival), (defect) =>
          Effect.logError("what a session source told cannot be read; it is recorded as it came", {
            batch: arrival.batch,
            problem: defect instanceof Error ? defect.name : "unknown"
          }).pipe(Effect.andThen(receive({ ...telling, id: undefined, person: undefined, saidAt: undefined }, arrival)))
        )

      const take = Effect.fnUntraced(function* (event: RecordedEvent) {
        if (!isReleased(event)) return
        const { data, type } = Batch.read(event)
        if (type !== "batch.received" || data.source !== "session") return
        const id = Batch.idOf(event.stream)
        const request = { id, app: data.app }
        const payload = yield* contents.of(data)
        if (typeof payload === "string") return yield* settling.asLost(request, payload)
        const span = traces?.begin("split", event.metadata.traceparent)
        const arrival = { app: data.app, batch: id, receivedAt: data.receivedAt, trace: span?.traceparent }
        const told = tellings(payload, sources.get(data.app)?.mapping ?? usual)
        const chats = Map.groupBy(told, ({ person, session }) => JSON.stringify(person ?? [session]))
        const received = yield* Effect.forEach(
          chats.values(),
          (chat) => Effect.forEach(chat, (one) => record(one, arrival)),
          { concurrency: mostChats }
        )
        const conflicts = received.flat().filter(({ isConflicting }) => isConflicting).length
        yield* settling.asSplit(request, told.length, conflicts)
        span?.end({ "homing.batch.id": id })
      })

      const work = Effect.fnUntraced(function* (lease: Lease) {
        const after = yield* checkpoints.position("sessions")
        const { during, orEnd } = yield* Subscription.committing
        let saved = after
        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          for (const event of events) {
            const begun = now()
            yield* take(event)
            if (rush.isOn) yield* Effect.sleep(restAfter(now() - begun, 0))
          }
          const to = events[events.length - 1]!
          yield* orEnd(checkpoints.move("sessions", lease, saved, to))
          saved = to.position
        })
        return yield* during(Subscription.follow({ name: "sessions", categories: [Batch.category], after, handle }))
      })

      // also without a source: what one told before it was taken out is taken apart
      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
