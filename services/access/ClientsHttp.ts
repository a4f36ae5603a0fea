import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ApiKeyId, ClientId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { defaultOverlapSeconds } from "../api/ClientsApi.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import { posting } from "../http/Posting.ts"
import { Clients } from "./Clients.ts"

const isClientId = Schema.is(ClientId)
const isKeyId = Schema.is(ApiKeyId)
const { create, issueKey, limit, rotateKey } = Api.groups.clients.endpoints

export const layer = HttpApiBuilder.group(
  Api,
  "clients",
  Effect.fnUntraced(function* (handlers) {
    const clients = yield* Clients

    return handlers
      .handleRaw(
        "create",
        posting(
          create,
          Effect.fnUntraced(function* ({ key, payload }) {
            const { devices, ...asked } = { ...payload, idempotencyKey: key.value }
            const limited = devices == null ? asked : { ...asked, devices }
            const made = yield* clients.create(yield* CurrentPrincipal, limited)
            return {
              body: { id: made.client, name: payload.name, key: made.key },
              headers: { location: `/v1/clients/${made.client}` }
            }
          })
        )
      )
      .handle("list", () => Effect.map(orProblem(clients.list), (items) => ({ items })))
      .handle("get", ({ params: { id } }) =>
        Effect.gen(function* () {
          const found = isClientId(id) ? yield* orProblem(clients.find(id)) : undefined
          return found ?? (yield* refuse("client_not_found"))
        })
      )
      .handleRaw(
        "limit",
        posting(
          limit,
          Effect.fnUntraced(function* ({ params: { id }, payload }) {
            if (!isClientId(id)) return yield* refuse("client_not_found")
            return { body: yield* clients.limit(yield* CurrentPrincipal, id, payload.devices ?? undefined) }
          })
        )
      )
      .handleRaw(
        "issueKey",
        posting(
          issueKey,
          Effect.fnUntraced(function* ({ key, params: { id }, payload }) {
            if (!isClientId(id)) return yield* refuse("client_not_found")
            const asked = { ...payload, idempotencyKey: key.value }
            return { body: yield* clients.issue(yield* CurrentPrincipal, id, asked), headers: {} }
          })
        )
      )
      .handleRaw(
        "rotateKey",
        posting(
          rotateKey,
          Effect.fnUntraced(function* ({ key: { value: idempotencyKey }, params: { id, key }, payload }) {
            if (!isClientId(id)) return yield* refuse("client_not_found")
            if (!isKeyId(key)) return yield* refuse("key_not_found")
            const { expiresInSeconds, overlapSeconds = defaultOverlapSeconds } = payload
            const rotation = { expiresInSeconds, idempotencyKey, overlapSeconds }
            return { body: yield* clients.rotate(yield* CurrentPrincipal, id, key, rotation), headers: {} }
          })
        )
      )
      .handle("revokeKey", ({ params: { id, key } }) =>
        Effect.gen(function* () {
          if (!isClientId(id)) return yield* refuse("client_not_found")
          if (!isKeyId(key)) return yield* refuse("key_not_found")
          yield* orProblem(clients.revoke(yield* CurrentPrincipal, id, key))
        })
      )
  })
)
