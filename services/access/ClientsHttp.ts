import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ApiKeyId, ClientId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { CreateClient, IssueKey, RotateKey } from "../api/ClientsApi.ts"
import { json, refuse } from "../http/Answer.ts"
import { jsonBody } from "../http/Body.ts"
import { orStoreUnavailable } from "../http/Failures.ts"
import { Clients } from "./Clients.ts"

const isClientId = Schema.is(ClientId)
const isKeyId = Schema.is(ApiKeyId)
const readClient = jsonBody(CreateClient)
const readKey = jsonBody(IssueKey)
const readRotation = jsonBody(RotateKey)
const defaultOverlapSeconds = 86_400

const unknown = { ClientUnknown: () => refuse("client_not_found"), KeyUnknown: () => refuse("key_not_found") }
const notActive = { ...unknown, KeyNotActive: () => refuse("key_not_active") }

export const layer = HttpApiBuilder.group(
  Api,
  "clients",
  Effect.fnUntraced(function* (handlers) {
    const clients = yield* Clients

    return handlers
      .handleRaw("create", ({ request }) =>
        Effect.gen(function* () {
          const asked = yield* readClient(request)
          const made = yield* orStoreUnavailable(clients.create(yield* CurrentPrincipal, asked))
          const body = { id: made.client, name: asked.name, key: made.key }
          return json(201, body, { location: `/v1/clients/${made.client}` })
        })
      )
      .handle("list", () => Effect.map(orStoreUnavailable(clients.list), (items) => ({ items })))
      .handle("get", ({ params: { id } }) =>
        Effect.gen(function* () {
          const found = isClientId(id) ? yield* orStoreUnavailable(clients.find(id)) : undefined
          return found ?? (yield* refuse("client_not_found"))
        })
      )
      .handleRaw("issueKey", ({ params: { id }, request }) =>
        Effect.gen(function* () {
          const asked = yield* readKey(request)
          if (!isClientId(id)) return yield* refuse("client_not_found")
          return json(201, yield* orStoreUnavailable(clients.issue(yield* CurrentPrincipal, id, asked)))
        }).pipe(Effect.catchTag("ClientUnknown", unknown.ClientUnknown))
      )
      .handleRaw("rotateKey", ({ params: { id, key }, request }) =>
        Effect.gen(function* () {
          const { expiresInSeconds, overlapSeconds = defaultOverlapSeconds } = yield* readRotation(request)
          if (!isClientId(id)) return yield* refuse("client_not_found")
          if (!isKeyId(key)) return yield* refuse("key_not_found")
          const rotation = { expiresInSeconds, overlapSeconds }
          return json(201, yield* orStoreUnavailable(clients.rotate(yield* CurrentPrincipal, id, key, rotation)))
        }).pipe(Effect.catchTags(notActive))
      )
      .handle("revokeKey", ({ params: { id, key } }) =>
        Effect.gen(function* () {
          if (!isClientId(id)) return yield* refuse("client_not_found")
          if (!isKeyId(key)) return yield* refuse("key_not_found")
          yield* orStoreUnavailable(clients.revoke(yield* CurrentPrincipal, id, key))
        }).pipe(Effect.catchTags(unknown))
      )
  })
)
