import { Clock, Deferred, Effect, FiberSet, Layer, Queue, Random, Schedule } from "effect"
import { Endpoint } from "#domain/delivery/Endpoint.ts"
import type { DeliveryId, EndpointId } from "#domain/Ids.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { inForce, Views } from "../views/Views.ts"
import * as Attempts from "./Attempts.ts"
import { Deliveries } from "./Deliveries.ts"
import type { Delivery, Settled } from "./DeliveryRows.ts"
import { EndpointActors } from "./EndpointActors.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Filling from "./Filling.ts"
import * as Retries from "./Retries.ts"

const group = { name: "deliveries", partitions: 1 }
/** What is sent needs no bus, and no key of the wire. */
const hindrances = ["clock_off", "store_unavailable"] as const

/** How many attempts at one endpoint are under way at once, each of another chat. */
const mostAtOnce = 8
const dayMillis = 24 * 3_600_000
const keptMillis = { delivered: 3 * dayMillis, dead: 30 * dayMillis }

export interface Options {
  /** See `Retries`. */
  readonly delaysMillis?: ReadonlyArray<number>
  /** An endpoint at which nothing has arrived for so long is told nothing more; five days if nothing is said. */
  readonly patienceMillis?: number
}

/**
 * Delivers what the log says to whoever is to be told of it: at least once, within a chat in the log's order, chats and
 * endpoints side by side. One gateway at a time does, the one that holds the lease.
 */
export const layer = ({ delaysMillis, patienceMillis = 5 * dayMillis }: Options = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const actors = yield* EndpointActors
      const { deliver } = yield* Attempts.make
      const fill = yield* Filling.make
      const registry = yield* EndpointRegistry
      const views = yield* Views
      const { rows, wakes } = yield* Deliveries
      yield* Leases
      const wake = Queue.offer(wakes, undefined)

      const disable = (id: EndpointId, reason: "gone" | "failing", delivery: DeliveryId) =>
        actors
          .execute(Endpoint.streamOf(id), () => ({ _tag: "Disable", reason }), {
            actor: { kind: "gateway", id: "gateway" },
            correlationId: id,
            causationId: delivery
          })
          .pipe(
            Effect.tap(() => Effect.logWarning("an endpoint is disabled", { endpoint: id, reason })),
            Effect.flatMap(({ position }) => (position === undefined ? Effect.void : inForce(views, position))),
            Effect.catch((cause) => Effect.logWarning("an endpoint could not be disabled", { endpoint: id }, cause))
          )

      const attempt = Effect.fnUntraced(function* (lease: Lease, delivery: Delivery, endpoint: EndpointRecord) {
        const { attempt, isDelivered, isGone, wishMillis } = yield* deliver(delivery, endpoint)
        const now = yield* Clock.currentTimeMillis
        const tries = delivery.tries + 1
        const delay = isDelivered ? undefined : Retries.delayAfter(tries, wishMillis, yield* Random.next, delaysMillis)
        const settled: Settled = {
          attempt,
          tries,
          due: now + (delay ?? 0),
          status: isDelivered ? "delivered" : delay === undefined ? "dead" : "pending"
        }
        // before anything that follows from it: what is not recorded was not attempted
        yield* rows.settle(lease, delivery, settled)
        if (isDelivered) return undefined
        if (settled.status === "dead") {
          yield* Effect.logWarning("a delivery is given up", { delivery: delivery.id, endpoint: endpoint.id })
        }
        if (isGone) yield* disable(endpoint.id, "gone", delivery.id)
        else if (now - (yield* rows.failing(lease, endpoint.id, now)) >= patienceMillis) {
          yield* disable(endpoint.id, "failing", delivery.id)
        }
        return wishMillis === undefined ? undefined : now + Math.min(wishMillis, Retries.longestWishMillis)
      })

      const work = Effect.fnUntraced(function* (lease: Lease) {
        const failed = yield* Deferred.make<never, unknown>()
        const run = yield* FiberSet.makeRuntime<never>()
        const underway = new Map<EndpointId, Set<DeliveryId>>()
        /** Until when an endpoint has asked to be left alone. */
        const quiet = new Map<EndpointId, number>()

        const begin = (delivery: Delivery, endpoint: EndpointRecord, busy: Set<DeliveryId>) => {
          busy.add(delivery.id)
          run(
            attempt(lease, delivery, endpoint).pipe(
              Effect.tap((until) =>
                Effect.sync(() => {
                  if (until !== undefined) quiet.set(endpoint.id, until)
                })
              ),
              Effect.catchCause((cause) => Deferred.failCause(failed, cause)),
              Effect.ensuring(
                Effect.andThen(
                  Effect.sync(() => busy.delete(delivery.id)),
                  wake
                )
              )
            )
          )
        }

        const round = Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          for (const id of yield* rows.waiting(now)) {
            const endpoint = registry.get(id)
            const busy = underway.get(id) ?? new Set()
            underway.set(id, busy)
            const places = mostAtOnce - busy.size
            if (endpoint === undefined || endpoint.disabled !== null || places <= 0 || (quiet.get(id) ?? 0) > now)
              continue
            const due = yield* rows.due(id, now, mostAtOnce)
            for (const one of due.filter((one) => !busy.has(one.id)).slice(0, places)) begin(one, endpoint, busy)
          }
        })
        const rounds = Effect.forever(Effect.andThen(round, Effect.timeoutOption(Queue.take(wakes), "1 second")))
        const prune = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          rows.prune(now - keptMillis.delivered, now - keptMillis.dead)
        )
        yield* Effect.forkScoped(Effect.repeat(Effect.ignore(prune), Schedule.spaced("1 hour")))
        return yield* Effect.raceAllFirst([Deferred.await(failed), fill(rows, lease, wake), rounds])
      }, Effect.scoped)

      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
    })
  )
