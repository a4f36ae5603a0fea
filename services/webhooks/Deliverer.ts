import { Clock, Deferred, Effect, FiberSet, Layer, Queue, Schedule, Semaphore } from "effect"
import { type Disabling, Endpoint } from "#domain/delivery/Endpoint.ts"
import type { EndpointId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { deliveryArrived, deliveryAttempted, deliverySettled } from "../telemetry/Metrics.ts"
import { inForce, Views } from "../views/Views.ts"
import * as Attempts from "./Attempts.ts"
import { Deliveries } from "./Deliveries.ts"
import type { Delivery } from "./Delivery.ts"
import { EndpointActors } from "./EndpointActors.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Filling from "./Filling.ts"
import { Places } from "./Places.ts"
import * as Recent from "./Recent.ts"
import * as Retries from "./Retries.ts"
import * as Settling from "./Settling.ts"

const group = { name: "deliveries", partitions: 1 }
/** What is sent needs no bus, and no key of the wire. */
const hindrances = ["clock_off", "store_unavailable"] as const

const dayMillis = 24 * 3_600_000
const keptMillis = { delivered: 3 * dayMillis, dead: 30 * dayMillis }

export interface Options {
  /** See `Retries`. */
  readonly delaysMillis?: ReadonlyArray<number>
  /** An endpoint at which nothing has arrived for so long is told nothing more; five days if nothing is said. */
  readonly patienceMillis?: number
  /** With more pending an endpoint is told nothing more; what is pending stays. */
  readonly mostPending?: number
  /** How often what is pending is counted. */
  readonly lookMillis?: number
}

const idOf = ({ id }: EndpointRecord) => id

/** `2xx`, `5xx`, or a word for why there was no answer; of words with more behind them the first. */
const outcomeOf = ({ attempt: { error, status } }: Attempts.Answered) =>
  status === undefined ? (error ?? "internal").split(":")[0]! : `${Math.floor(status / 100)}xx`

const tell = ({ answered, delivery, settled }: Settling.Recorded, now: number) => {
  deliveryAttempted(outcomeOf(answered))
  if (settled.status === "pending") return
  deliverySettled(settled.status)
  if (settled.status === "delivered") deliveryArrived(now - delivery.recorded)
}

/**
 * Delivers what the log says to whoever is to be told of it: at least once, within a chat in the log's order, chats and
 * endpoints side by side. One gateway at a time does, the one that holds the lease.
 */
export const layer = ({
  delaysMillis,
  lookMillis = 10_000,
  mostPending = 100_000,
  patienceMillis = 5 * dayMillis
}: Options = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const actors = yield* EndpointActors
      const recent = Recent.make()
      const { deliver } = yield* Attempts.make(recent)
      const fill = yield* Filling.make(recent)
      const registry = yield* EndpointRegistry
      const views = yield* Views
      const { rows, wakes } = yield* Deliveries
      yield* Leases
      const wake = Queue.offer(wakes, undefined)
      const enabled = () => [...registry.values()].filter(({ disabled }) => disabled === null)

      /** Whether it was neither enabled nor moved since it was like that. */
      const isCurrent = ({ aimedBy, id }: EndpointRecord) => registry.get(id)?.aimedBy === aimedBy

      const disable = ({ aimedBy, id }: EndpointRecord, reason: Exclude<Disabling, "operator">, cause: string) =>
        actors
          .execute(Endpoint.streamOf(id), () => ({ _tag: "Disable", reason, aimedBy }), {
            actor: { kind: "gateway", id: "gateway" },
            correlationId: id,
            causationId: cause
          })
          .pipe(
            Effect.flatMap(({ position }) =>
              position === undefined
                ? Effect.void
                : Effect.andThen(
                    Effect.logWarning("an endpoint is disabled", { endpoint: id, reason }),
                    inForce(views, position)
                  )
            ),
            Effect.as(true),
            Effect.catch((cause) =>
              Effect.as(Effect.logWarning("an endpoint could not be disabled", { endpoint: id }, cause), false)
            )
          )

      const end = Effect.fnUntraced(function* (
        { answered, delivery: { id }, endpoint, failingSince, settled }: Settling.Recorded,
        now: number
      ) {
        if (settled.status === "dead") {
          yield* Effect.logWarning("a delivery is given up", { delivery: id, endpoint: endpoint.id })
        }
        const failingMillis = now - Math.max(failingSince, toMillis(endpoint.aimedAt))
        if (answered.isGone) yield* disable(endpoint, "gone", id)
        else if (failingMillis >= patienceMillis) yield* disable(endpoint, "failing", id)
      })

      const heard = (outcome: Settling.Outcome): Settling.Outcome => {
        if (isCurrent(outcome.endpoint)) return outcome
        return { ...outcome, answered: { ...outcome.answered, isGone: false, wishMillis: undefined } }
      }

      const work = Effect.fnUntraced(function* (lease: Lease) {
        const failed = yield* Deferred.make<never, unknown>()
        const run = yield* FiberSet.makeRuntime<never>()
        /** What is read as due is begun before it is settled, or read after it was: never begun a second time. */
        const turns = yield* Semaphore.make(1)
        const outcomes = yield* Queue.unbounded<Settling.Outcome>()
        const places = new Map<EndpointId, Places>()
        const placesOf = ({ aimedBy, id }: EndpointRecord) => {
          const found = places.get(id) ?? new Places()
          places.set(id, found)
          found.aim(aimedBy)
          return found
        }

        const begin = (some: ReadonlyArray<Delivery>, now: number) => {
          for (const delivery of some) {
            const endpoint = registry.get(delivery.endpoint)
            if (endpoint === undefined || endpoint.disabled !== null || delivery.due > now) continue
            if (!placesOf(endpoint).take(delivery.id, now)) continue
            run(
              deliver(delivery, endpoint).pipe(
                Effect.flatMap((answered) => Queue.offer(outcomes, { delivery, endpoint, answered })),
                Effect.catchCause((cause) => Deferred.failCause(failed, cause))
              )
            )
          }
        }

        const follow = (recorded: ReadonlyArray<Settling.Recorded>, next: ReadonlyArray<Delivery>, now: number) => {
          for (const one of recorded) {
            const { answered, delivery, endpoint } = one
            places.get(endpoint.id)?.leave(delivery.id)
            tell(one, now)
            if (!answered.isDelivered) run(end(one, now))
            if (!isCurrent(endpoint)) continue
            const place = placesOf(endpoint)
            place.isFailing = !answered.isDelivered
            const { wishMillis } = answered
            if (wishMillis !== undefined && !answered.isDelivered) {
              place.quietUntil = now + Math.min(wishMillis, Retries.longestWishMillis)
            }
          }
          begin(next, now)
          const isMoreDue = recorded.some(
            ({ endpoint: { id }, settled: { due, status } }) =>
              (status === "pending" && due <= now) || places.get(id)?.isWorthAsking(now)
          )
          return isMoreDue ? wake : Effect.void
        }

        const setAside = Effect.fnUntraced(function* (unreadable: ReadonlyArray<string>, now: number) {
          const next = yield* rows.setAside(lease, unreadable, now)
          for (const _ of unreadable) deliverySettled("unreadable")
          yield* Effect.logError("deliveries cannot be read, and are set aside", { count: unreadable.length })
          return next
        })

        const round = Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const open = enabled().filter((endpoint) => placesOf(endpoint).free(now) > 0)
          const waiting = new Set(yield* rows.waiting(open.map(idOf), now))
          for (const endpoint of open) {
            if (!waiting.has(endpoint.id)) continue
            const place = placesOf(endpoint)
            const wanted = place.wanted(now)
            const { due, unreadable } = yield* rows.due(endpoint.id, now, wanted)
            place.found(due.length + unreadable.length, wanted)
            begin(due, now)
            if (unreadable.length > 0) begin(yield* setAside(unreadable, now), now)
          }
        })
        const rounds = Effect.forever(
          Effect.andThen(turns.withPermit(round), Effect.timeoutOption(Queue.take(wakes), "1 second"))
        )
        const settle = (some: Settling.Batch, now: number) => rows.settle(lease, some, now)
        const settling = Settling.run({ outcomes, heard, settle, follow, turns, delaysMillis })
        const prune = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          rows.prune(now - keptMillis.delivered, now - keptMillis.dead)
        )
        const bound = Effect.gen(function* () {
          for (const id of yield* rows.overflowing(lease, enabled().map(idOf), mostPending)) {
            const endpoint = registry.get(id)
            if (endpoint === undefined) continue
            if (yield* disable(endpoint, "backlog", id)) yield* rows.excuse(lease, id)
          }
        })
        const recall = Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const count = yield* rows.recall(lease, enabled().map(idOf), now, now + Retries.longestMillis(delaysMillis))
          if (count === 0) return
          yield* Effect.logWarning("deliveries were put off by a clock that was ahead; they are due now", { count })
          yield* wake
        })
        yield* rows.recount(lease)
        yield* Effect.forkScoped(Effect.repeat(Effect.ignore(bound), Schedule.spaced(lookMillis)))
        yield* Effect.forkScoped(Effect.repeat(Effect.ignore(recall), Schedule.spaced(lookMillis)))
        yield* Effect.forkScoped(Effect.repeat(Effect.ignore(prune), Schedule.spaced("1 hour")))
        return yield* Effect.raceAllFirst([Deferred.await(failed), fill(rows, lease, wake), settling, rounds])
      }, Effect.scoped)

      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
