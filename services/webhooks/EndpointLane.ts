import { Effect, Layer } from "effect"
import { type Disabling, Endpoint } from "#domain/delivery/Endpoint.ts"
import type { EndpointId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import { deliveryArrived, deliveryAttempted, deliverySettled } from "../telemetry/Metrics.ts"
import { inForce, Views } from "../views/Views.ts"
import * as Attempts from "./Attempts.ts"
import * as Deliverer from "./Deliverer.ts"
import type { DeliveryRows } from "./DeliveryRows.ts"
import { EndpointActors } from "./EndpointActors.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Filling from "./Filling.ts"
import type { Lane } from "./Lane.ts"
import * as Recent from "./Recent.ts"
import * as Retries from "./Retries.ts"

const dayMillis = 24 * 3_600_000

export interface Options extends Deliverer.Options {
  /** See `Retries`. */
  readonly delaysMillis?: ReadonlyArray<number>
  /** An endpoint at which nothing has arrived for so long is told nothing more; five days if nothing is said. */
  readonly patienceMillis?: number
  /** With more pending an endpoint is told nothing more; what is pending stays. */
  readonly mostPending?: number
}

/** Deliveries of what happened to endpoints, which are told nothing more when nothing arrives or too much waits. */
export const layer = ({
  delaysMillis,
  mostPending = 100_000,
  patienceMillis = 5 * dayMillis,
  ...options
}: Options = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const actors = yield* EndpointActors
      const recent = Recent.make()
      const { deliver } = yield* Attempts.make(recent)
      const fill = yield* Filling.make(recent)
      const registry = yield* EndpointRegistry
      const views = yield* Views
      const enabled = () => [...registry.values()].filter(({ disabled }) => disabled === null)

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

      /** What is too much. */
      const bound = Effect.fnUntraced(function* (rows: DeliveryRows, lease: Lease) {
        const ids = enabled().map(({ id }) => id)
        for (const id of yield* rows.overflowing(lease, ids, mostPending)) {
          const endpoint = registry.get(id as EndpointId)
          if (endpoint === undefined) continue
          if (yield* disable(endpoint, "backlog", id)) yield* rows.excuse(lease, id)
        }
      })

      const lane: Lane<EndpointRecord> = {
        name: "deliveries",
        find: (id) => registry.get(id as EndpointId),
        enabled,
        isEnabled: ({ disabled }) => disabled === null,
        deliver,
        fill,
        retries: Retries.ofEndpoints(delaysMillis),
        isPatient: false,
        failed: Effect.fnUntraced(function* ({ answered, delivery, destination, failingSince }, now) {
          const failingMillis = now - Math.max(failingSince, toMillis(destination.aimedAt))
          if (answered.isGone) yield* disable(destination, "gone", delivery.id)
          else if (failingMillis >= patienceMillis) yield* disable(destination, "failing", delivery.id)
        }),
        tend: bound,
        counts: { attempted: deliveryAttempted, settled: deliverySettled, arrived: deliveryArrived }
      }
      yield* Deliverer.run(lane, options)
    })
  )
