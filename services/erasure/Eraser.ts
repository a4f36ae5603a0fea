import { type Array, Clock, Effect, Layer, Schedule } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import type { BatchId, ErasureId, SubjectId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { patiently } from "#domain/Patience.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { Erasure, type ErasureCommand, type Gathered } from "#domain/privacy/Erasure.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { Views } from "../views/Views.ts"
import { ErasureActors } from "./ErasureActors.ts"
import * as ErasureRows from "./ErasureRows.ts"
import * as Holdings from "./Holdings.ts"
import * as Left from "./Left.ts"
import * as PeopleRows from "./PeopleRows.ts"

export interface Options {
  /** How long what was received before is waited for to be taken apart; in milliseconds, a minute if nothing is said. */
  readonly patienceMillis?: number | undefined
}

const group = { name: "erasures", partitions: 1 }
const hindrances = ["clock_off", "store_unavailable"] as const
export const actor = { kind: "gateway", id: "erasures" } as const

const lookMillis = 200

/** One that was asked for, and where in the log: what was recorded up to there is destroyed. */
interface Asked {
  readonly id: ErasureId
  readonly subject: SubjectId
  readonly position: bigint
}

const askedIn = (event: RecordedEvent): ReadonlyArray<Asked> => {
  if (!isReleased(event)) return []
  const { data, type } = Erasure.read(event)
  if (type !== "erasure.requested") return []
  return [{ id: Erasure.idOf(event.stream), subject: data.subject, position: event.position }]
}

/**
 * Carries out what was asked for, one after the other: finds what there is of a person, records that, destroys it, and
 * records what is left. Begun again after a crash it destroys what is still there; done twice it changes nothing.
 */
export const layer = ({ patienceMillis = 60_000 }: Options = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const actors = yield* ErasureActors
      const batches = yield* AggregateActors.make(Batch)
      const blobs = yield* Blobs
      const holdingOf = yield* Holdings.make
      const keys = yield* SubjectKeys
      const leftOf = yield* Left.make
      const people = yield* PeopleRows.make
      const rows = yield* ErasureRows.make
      const store = yield* EventStore
      const views = yield* Views
      const { tenant } = yield* Provenance

      const tell = (id: ErasureId, command: ErasureCommand) => {
        const origin = { actor, correlationId: id, causationId: id }
        return Effect.catchTag(
          actors.execute(Erasure.streamOf(id), () => command, origin),
          "ErasureRejected",
          Effect.die
        )
      }

      /** Its bytes hold several people: of all of them they are gone. */
      const destroyRequest = Effect.fnUntraced(function* (erasure: ErasureId, id: BatchId) {
        yield* blobs.destroy(Holdings.rawOf(id))
        const at = fromMillis(yield* Clock.currentTimeMillis)
        const origin = { actor, correlationId: id, causationId: erasure }
        yield* Effect.catchTag(
          batches.execute(Batch.streamOf(id), () => ({ _tag: "Destroy", at }), origin),
          "BatchRejected",
          Effect.die
        )
        yield* blobs.destroy(Holdings.rawOf(id)) // the same may have come once more in between
      })

      const destroy = Effect.fnUntraced(function* (id: ErasureId, { names, requests, texts }: Holdings.Holding) {
        yield* Effect.forEach(names, (name) => keys.destroy(tenant, name), { discard: true })
        yield* Effect.forEach(texts, blobs.destroy, { discard: true })
        yield* Effect.forEach(requests, (request) => destroyRequest(id, request), { discard: true })
      })

      /** Whether all that was received up to there is taken apart by now. */
      const isSettled = (position: bigint) => Effect.map(people.wholeUpTo(position), (whole) => whole === 0)

      /** Nobody knows whom a request is of that is not taken apart: the key of a fact would be made again behind us. */
      const settled = (position: bigint) =>
        isSettled(position).pipe(
          Effect.repeat({ until: (is) => is, schedule: Schedule.spaced(lookMillis) }),
          Effect.timeoutOrElse({ duration: patienceMillis, orElse: () => isSettled(position) })
        )

      /** Records what is found, and answers with what is to be destroyed in all; `undefined`: that is done already. */
      const gather = Effect.fnUntraced(function* (id: ErasureId, gathered: Gathered) {
        const { state } = yield* tell(id, { _tag: "Gather", gathered })
        return state._tag === "Gathered" ? state.found : undefined
      })

      /** What was not taken apart when all else was destroyed: whom it is of is known by now. */
      const eraseLate = Effect.fnUntraced(function* ({ id, subject }: Asked, before: Gathered) {
        const head = yield* store.head
        if (head !== undefined) yield* views.written(head)
        const late = yield* holdingOf(subject)
        const all: Gathered = {
          names: late.names,
          keys: before.keys + late.keys,
          requests: before.requests + late.requests.length,
          texts: before.texts + late.texts.length
        }
        yield* gather(id, all)
        yield* destroy(id, late)
        return all
      })

      const erase = Effect.fnUntraced(function* (asked: Asked) {
        const { id, position, subject } = asked
        yield* views.written(position)
        const wasSettled = yield* isSettled(position)
        const holding = yield* holdingOf(subject)
        const found = yield* gather(id, Holdings.countsOf(holding))
        if (found === undefined) return
        yield* destroy(id, holding)
        if (!wasSettled) yield* settled(position)
        const all = wasSettled ? found : yield* eraseLate(asked, found)
        const head = yield* store.head
        if (head !== undefined) yield* views.written(head)
        const isAnyRaw = yield* people.isAnyRaw(position)
        const now = yield* Clock.currentTimeMillis
        yield* tell(id, { _tag: "Finish", done: { at: fromMillis(now), ...all, left: leftOf(now, isAnyRaw) } })
      })

      const patient = (asked: Asked) => Effect.retry(erase(asked), patiently)

      const work = Effect.gen(function* () {
        const head = yield* store.head
        if (head !== undefined) yield* views.written(head)
        const open = yield* rows.open
        for (const { position, record } of open) {
          yield* patient({ id: record.id, subject: record.names[0]!, position })
        }
        const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
          Effect.forEach(events.flatMap(askedIn), patient, { discard: true })
        return yield* Subscription.follow({
          name: "erasures",
          categories: [Erasure.category],
          after: head,
          handle
        })
      })

      yield* Effect.forkScoped(Partitions.run(group, () => work, hindrances))
    })
  )
