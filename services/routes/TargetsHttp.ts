import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { TargetId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { defaultOverlapSeconds } from "../api/EndpointsApi.ts"
import { may, type Principal } from "../api/Principal.ts"
import { defaults } from "../api/TargetsApi.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import { posting } from "../http/Posting.ts"
import { anybody, teller } from "./Manager.ts"
import { type TargetDocument, Targets } from "./Targets.ts"

const isTargetId = Schema.is(TargetId)
const { change, create, rotate } = Api.groups.targets.endpoints

const named = (id: string) => (isTargetId(id) ? Effect.succeed(id) : refuse("target_not_found"))

/** An address may hold a secret. */
const shownTo = (principal: Principal, { url, ...target }: TargetDocument): TargetDocument => ({
  ...target,
  ...(url !== undefined && may(principal, "routes:manage") && { url })
})

export const layer = HttpApiBuilder.group(
  Api,
  "targets",
  Effect.fnUntraced(function* (handlers) {
    const targets = yield* Targets

    return handlers
      .handleRaw(
        "create",
        posting(
          create,
          Effect.fnUntraced(function* ({ key, payload }) {
            const wanted = { ...defaults, region: null, gatewaySecret: "", ...payload, idempotencyKey: key.value }
            const made = yield* targets.add(yield* teller, wanted)
            return { body: made, headers: { location: `/v1/targets/${made.id}` } }
          })
        )
      )
      .handle("list", ({ query: { app } }) =>
        Effect.gen(function* () {
          const principal = yield* anybody
          const items = yield* orProblem(targets.list(app))
          return { items: items.map((target) => shownTo(principal, target)) }
        })
      )
      .handle("get", ({ params }) =>
        Effect.gen(function* () {
          const principal = yield* anybody
          return shownTo(principal, yield* orProblem(targets.find(yield* named(params.id))))
        })
      )
      .handleRaw(
        "change",
        posting(
          change,
          Effect.fnUntraced(function* ({ params, payload }) {
            const isEnd = Object.keys(payload).length === 1 && payload.enabled === false
            const principal = yield* isEnd ? anybody : teller
            return { body: yield* targets.change(principal, yield* named(params.id), payload) }
          })
        )
      )
      .handle("remove", ({ params }) =>
        Effect.gen(function* () {
          yield* orProblem(targets.remove(yield* anybody, yield* named(params.id)))
        })
      )
      .handleRaw(
        "rotate",
        posting(
          rotate,
          Effect.fnUntraced(function* ({ key, params, payload }) {
            const { overlapSeconds = defaultOverlapSeconds } = payload
            const rotation = { overlapSeconds, idempotencyKey: key.value }
            // with its secret one speaks to it in Homing's name
            return { body: yield* targets.rotate(yield* teller, yield* named(params.id), rotation), headers: {} }
          })
        )
      )
  })
)
