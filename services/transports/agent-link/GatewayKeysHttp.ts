import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { StoreRejected } from "#domain/identity/Store.ts"
import { gatewayKeyState } from "#domain/identity/StoreState.ts"
import { Api } from "../../api/Api.ts"
import { CurrentPrincipal } from "../../api/Authorization.ts"
import { ActivateKey } from "../../api/GatewayKeysApi.ts"
import type { AnyProblem } from "../../api/Problems.ts"
import { json, refuse } from "../../http/Answer.ts"
import { jsonBody } from "../../http/Body.ts"
import { orStoreUnavailable } from "../../http/Failures.ts"
import { overlapMillis, StoreIdentity } from "../../identity/StoreIdentity.ts"
import { AgentsHeard } from "./AgentsHeard.ts"

const readActivate = jsonBody(ActivateKey)

export const layer = HttpApiBuilder.group(
  Api,
  "gatewayKeys",
  Effect.fnUntraced(function* (handlers) {
    const heard = yield* AgentsHeard
    const identity = yield* StoreIdentity
    const caller = Effect.map(CurrentPrincipal, ({ key }) => ({ kind: "api_key", id: key }) as const)

    const keyJson = (keyId: string) => {
      const { state } = identity.known()
      const key = state.gatewayKeys.get(keyId)!
      return { keyId, state: gatewayKeyState(state, keyId, key), until: key.until ?? null }
    }

    /** An agent that has not pinned what is recorded now would refuse what a newer key signs. */
    const unaware = Effect.gen(function* () {
      const last = yield* heard.all
      const { revision, trusted } = identity.known()
      return [...trusted.keys()].filter((agent) => (last.get(agent)?.revision ?? 0) < revision)
    })

    const activateRefused = ({
      reason
    }: StoreRejected): Effect.Effect<never, AnyProblem<"key_not_found" | "key_revoked">> =>
      reason === "key_revoked" ? refuse("key_revoked") : refuse("key_not_found")

    return handlers
      .handle("list", () => Effect.sync(() => ({ items: [...identity.known().state.gatewayKeys.keys()].map(keyJson) })))
      .handle("prepare", () =>
        Effect.gen(function* () {
          const { keyId } = yield* orStoreUnavailable(identity.prepareKey(yield* caller))
          return keyJson(keyId)
        }).pipe(Effect.catchTag("StoreRejected", Effect.die))
      )
      .handleRaw("activate", ({ params: { key }, request }) =>
        Effect.gen(function* () {
          const { force = false, overlapSeconds } = yield* readActivate(request)
          if (!identity.known().own.some((own) => own.public.keyId === key)) {
            return yield* refuse("key_not_found", { detail: "This gateway does not hold the secrets of such a key." })
          }
          const agents = force ? [] : yield* unaware
          if (agents.length > 0) return yield* refuse("agents_unaware", { detail: `Not yet: ${agents.join(", ")}.` })
          const millis = overlapSeconds === undefined ? overlapMillis : overlapSeconds * 1_000
          yield* orStoreUnavailable(identity.activateKey(key, millis, yield* caller))
          return json(200, keyJson(key))
        }).pipe(Effect.catchTag("StoreRejected", activateRefused))
      )
      .handle("revoke", ({ params: { key } }) =>
        Effect.gen(function* () {
          yield* orStoreUnavailable(identity.revokeKey(key, yield* caller))
        }).pipe(
          Effect.catchTag(
            "StoreRejected",
            ({ reason }): Effect.Effect<never, AnyProblem<"key_not_found" | "key_in_use">> =>
              reason === "key_active" ? refuse("key_in_use") : refuse("key_not_found")
          )
        )
      )
  })
)
