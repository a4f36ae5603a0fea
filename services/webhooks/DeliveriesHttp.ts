import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeliveryId, EndpointId, TargetId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Api } from "../api/Api.ts"
import { pageSizes } from "../api/DeliveriesApi.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { posting } from "../http/Posting.ts"
import { Identity } from "../identity/Identity.ts"
import { RoutesRegistry } from "../routes/RoutesRegistry.ts"
import { Deliveries } from "./Deliveries.ts"
import type { Delivery } from "./Delivery.ts"
import { Endpoints } from "./Endpoints.ts"
import { manager } from "./EndpointsHttp.ts"

const isDeliveryId = Schema.is(DeliveryId)
const isEndpointId = Schema.is(EndpointId)
const isTargetId = Schema.is(TargetId)
const { redrive } = Api.groups.deliveries.endpoints

const deliveryJson = ({ attempts, due, endpoint, event, id, kind, recorded, status, tries, type }: Delivery) => ({
  id,
  ...(kind === "event" ? { endpoint } : { target: endpoint }),
  kind,
  event,
  type,
  recordedAt: fromMillis(recorded),
  status,
  tries,
  dueAt: status === "pending" ? fromMillis(due) : null,
  attempts
})

interface Asked {
  readonly endpoint?: string
  readonly target?: string
}

const isKnown = (routes: RoutesRegistry["Service"], target: TargetId) =>
  routes.values().some(({ targets }) => targets.values().some(({ id }) => id === target))

export const layer = HttpApiBuilder.group(
  Api,
  "deliveries",
  Effect.fnUntraced(function* (handlers) {
    const deliveries = yield* Deliveries
    const endpoints = yield* Endpoints
    const { epoch } = yield* Identity
    const routes = yield* RoutesRegistry

    /** One of the two, which is there. */
    const destinationOf = Effect.fnUntraced(function* ({ endpoint, target }: Asked) {
      if (endpoint !== undefined && target === undefined) {
        if (!isEndpointId(endpoint)) return yield* refuse("endpoint_not_found")
        return (yield* orProblem(endpoints.find(endpoint))).id
      }
      if (target !== undefined && endpoint === undefined) {
        if (!isTargetId(target) || !isKnown(routes, target)) return yield* refuse("target_not_found")
        return target
      }
      const errors = [{ in: "query", pointer: "/endpoint", expected: "an endpoint or a target, and not both" }] as const
      return yield* refuse("invalid_request", { errors })
    })

    return handlers
      .handle("list", ({ query: { after: cursor, limit = pageSizes.default, status, ...asked } }) =>
        Effect.gen(function* () {
          yield* manager
          const endpoint = yield* destinationOf(asked)
          const after = cursor === undefined ? undefined : positionOf(epoch, cursor)
          if (cursor !== undefined && after === undefined) {
            const errors = [{ in: "query", pointer: "/after", expected: "the `next` of a page" }] as const
            return yield* refuse("invalid_request", { errors })
          }
          const found = yield* orProblem(deliveries.list({ endpoint, status, after, limit: limit + 1 }))
          const page = found.slice(0, limit)
          const last = found.length > limit ? page.at(-1) : undefined
          return {
            items: page.flatMap(({ delivery }) => (delivery === undefined ? [] : [deliveryJson(delivery)])),
            next: last === undefined ? null : cursorOf(epoch, last.position)
          }
        })
      )
      .handle("get", ({ params: { id } }) =>
        Effect.gen(function* () {
          yield* manager
          if (!isDeliveryId(id)) return yield* refuse("delivery_not_found")
          return deliveryJson(yield* orProblem(deliveries.find(id)))
        })
      )
      .handleRaw(
        "redrive",
        posting(
          redrive,
          Effect.fnUntraced(function* ({ key, params: { id } }) {
            if (!isDeliveryId(id)) return yield* refuse("delivery_not_found")
            return {
              body: deliveryJson(yield* deliveries.redrive(yield* manager, id, key.value)),
              headers: {}
            }
          })
        )
      )
  })
)
