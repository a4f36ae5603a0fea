import { Clock, Effect, Metric } from "effect"
import type { BatchId, MetaApp } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { Batch, type BatchCommand, type Loss } from "#domain/meta/Batch.ts"
import { patiently } from "#domain/Patience.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { BatchActors } from "./BatchActors.ts"
import { actor } from "./Keeping.ts"

/** What is away for longer than half a minute is told, and all begins again. */
export const patience = { schedule: patiently, times: 10 }

interface Request {
  readonly id: BatchId
  readonly app: MetaApp
  /** By which event it was kept: nearly always nothing stands behind that yet. */
  readonly event: Pick<RecordedEvent, "revision">
}

const lostOnes = (reason: Loss["problem"]) =>
  Metric.counter("homing_meta_lost_total", {
    description:
      "Webhooks of Meta and of session sources of which nothing can come, by what is wrong with their bytes.",
    attributes: { reason }
  })

/** How it ends with a request that was kept. */
export const make = Effect.map(BatchActors, (actors) => {
  const tell = ({ event: { revision }, id }: Request, command: (at: Instant) => BatchCommand) =>
    Effect.retry(
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        actors.execute(
          Batch.streamOf(id),
          () => command(fromMillis(now)),
          { actor, correlationId: id, causationId: id },
          { expected: { state: { _tag: "Received" }, revision } }
        )
      ),
      { ...patience, while: ({ _tag }) => _tag === "EventStoreUnavailable" }
    ).pipe(Effect.orDie)

  return {
    asSplit: (request: Request, facts: number, conflicts: number) =>
      Effect.asVoid(tell(request, (at) => ({ _tag: "Split", split: { facts, conflicts, at } }))),

    /** Told and counted once: who begins again finds that it is known. */
    asLost: Effect.fnUntraced(function* (request: Request, problem: Loss["problem"]) {
      const { events } = yield* tell(request, (at) => ({ _tag: "Lose", loss: { problem, at } }))
      if (events.length === 0) return
      yield* Metric.update(lostOnes(problem), 1)
      yield* Effect.logError(`the bytes of a webhook are ${problem}; nothing can come of it`, {
        batch: request.id,
        app: request.app
      })
    })
  }
})
