import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId, EndpointId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { defaultOverlapSeconds } from "../api/EndpointsApi.ts"
import { may } from "../api/Principal.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import { posting } from "../http/Posting.ts"
import { Deliveries } from "./Deliveries.ts"
import { Endpoints } from "./Endpoints.ts"

const isEndpointId = Schema.is(EndpointId)
const isDeviceId = Schema.is(DeviceId)
const { change, create, rotate, test } = Api.groups.endpoints.endpoints

const named = (id: string) => (isEndpointId(id) ? Effect.succeed(id) : refuse("endpoint_not_found"))

const deviceOf = (device: string | null) => {
  if (device === null || isDeviceId(device)) return Effect.succeed(device)
  return refuse("invalid_request", { errors: [{ in: "body", pointer: "/device", expected: "a device's id" }] })
}

const unlisted = "The key's client may use some devices alone; an endpoint is told of everybody's."
/** Endpoints are nobody's own. */
export const manager = Effect.flatMap(CurrentPrincipal, (principal) =>
  principal.devices === "all" ? Effect.succeed(principal) : refuse("forbidden", { detail: unlisted })
)

/** Who lets an endpoint read could read it himself. */
const mayTell = Effect.fnUntraced(function* (personal: boolean) {
  if (!personal || may(yield* CurrentPrincipal, "messages:read:all")) return
  return yield* refuse("forbidden", {
    detail: "For an endpoint with `personal` the scope messages:read:all is needed."
  })
})

export const layer = HttpApiBuilder.group(
  Api,
  "endpoints",
  Effect.fnUntraced(function* (handlers) {
    const endpoints = yield* Endpoints
    const deliveries = yield* Deliveries

    return handlers
      .handleRaw(
        "create",
        posting(
          create,
          Effect.fnUntraced(function* ({ key, payload }) {
            const { device = null, personal = false, types = [], url } = payload
            yield* mayTell(personal)
            const wanted = { url, types, personal, device: yield* deviceOf(device), idempotencyKey: key.value }
            const made = yield* endpoints.create(yield* manager, wanted)
            return { body: made, headers: { location: `/v1/endpoints/${made.id}` } }
          })
        )
      )
      .handle("list", () =>
        Effect.andThen(
          manager,
          Effect.map(orProblem(endpoints.list), (items) => ({ items }))
        )
      )
      .handle("get", ({ params }) =>
        Effect.gen(function* () {
          yield* manager
          return yield* orProblem(endpoints.find(yield* named(params.id)))
        })
      )
      .handleRaw(
        "change",
        posting(
          change,
          Effect.fnUntraced(function* ({ params, payload }) {
            yield* manager
            const id = yield* named(params.id)
            const { device, ...others } = payload
            const { personal } = yield* endpoints.find(id)
            const isEnd = Object.keys(payload).length === 1 && others.enabled === false
            yield* mayTell(!isEnd && (others.personal ?? personal))
            const changes = { ...others, ...(device !== undefined && { device: yield* deviceOf(device) }) }
            return { body: yield* endpoints.change(yield* manager, id, changes) }
          })
        )
      )
      .handle("remove", ({ params }) =>
        Effect.gen(function* () {
          yield* orProblem(endpoints.remove(yield* manager, yield* named(params.id)))
        })
      )
      .handleRaw(
        "rotate",
        posting(
          rotate,
          Effect.fnUntraced(function* ({ key, params, payload }) {
            const { overlapSeconds = defaultOverlapSeconds } = payload
            const rotation = { overlapSeconds, idempotencyKey: key.value }
            const principal = yield* manager
            const id = yield* named(params.id)
            const { personal } = yield* endpoints.find(id)
            yield* mayTell(personal) // with its secret one speaks to it in Homing's name
            return { body: yield* endpoints.rotate(principal, id, rotation), headers: {} }
          })
        )
      )
      .handleRaw(
        "test",
        posting(
          test,
          Effect.fnUntraced(function* ({ key, params }) {
            const id = yield* named(params.id)
            return { body: yield* deliveries.test(yield* manager, id, key.value), headers: {} }
          })
        )
      )
  })
)
