import { type Array, Effect, Layer } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Batch } from "#domain/meta/Batch.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { tellings, usual } from "#domain/session/Telling.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import * as CheckpointRows from "./CheckpointRows.ts"
import * as Contents from "./Contents.ts"
import { SessionFacts } from "./SessionFacts.ts"
import type { SessionSource } from "./SessionSources.ts"
import * as Settling from "./Settling.ts"

/** One gateway at a time: what two requests say of one session is recorded in their order. */
const group = { name: "session-split", partitions: 1 }
const hindrances = ["clock_off", "store_unavailable"] as const

/** Takes apart what session sources posted, in the log's order, and records each thing as a fact; then that it is done. */
export const layer = (sources: ReadonlyMap<string, SessionSource>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const checkpoints = yield* CheckpointRows.make
      const contents = yield* Contents.make
      const facts = yield* SessionFacts
      const settling = yield* Settling.make

      const take = Effect.fnUntraced(function* (event: RecordedEvent) {
        if (!isReleased(event)) return
        const { data, type } = Batch.read(event)
        if (type !== "batch.received" || data.source !== "session") return
        const id = Batch.idOf(event.stream)
        const request = { id, app: data.app }
        const payload = yield* contents.of(data)
        if (typeof payload === "string") return yield* settling.asLost(request, payload)
        const arrival = { app: data.app, batch: id, receivedAt: data.receivedAt }
        const told = tellings(payload, sources.get(data.app)?.mapping ?? usual)
        const received = yield* Effect.forEach(told, (one) =>
          Effect.retry(facts.receive(one, arrival), Settling.patience)
        )
        const conflicts = received.filter(({ isConflicting }) => isConflicting).length
        yield* settling.asSplit(request, told.length, conflicts)
      })

      const work = Effect.fnUntraced(function* (lease: Lease) {
        const after = yield* checkpoints.position("sessions")
        const { during, orEnd } = yield* Subscription.committing
        let saved = after
        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          yield* Effect.forEach(events, take, { discard: true })
          const to = events[events.length - 1]!
          yield* orEnd(checkpoints.move("sessions", lease, saved, to))
          saved = to.position
        })
        return yield* during(Subscription.follow({ name: "sessions", categories: [Batch.category], after, handle }))
      })

      if (sources.size > 0) yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
