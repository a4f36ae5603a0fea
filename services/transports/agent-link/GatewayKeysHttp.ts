import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { gatewayKeyState } from "#domain/identity/LogIdentityState.ts"
import { Api } from "../../api/Api.ts"
import { CurrentPrincipal } from "../../api/Authorization.ts"
import { defaultOverlapSeconds } from "../../api/GatewayKeysApi.ts"
import { refuse } from "../../http/Answer.ts"
import { orProblem } from "../../http/Foreseen.ts"
import { posting } from "../../http/Posting.ts"
import { Identity } from "../../identity/Identity.ts"
import { AgentsHeard } from "./AgentsHeard.ts"

const { activate, prepare } = Api.groups.gatewayKeys.endpoints

export const layer = HttpApiBuilder.group(
  Api,
  "gatewayKeys",
  Effect.fnUntraced(function* (handlers) {
    const heard = yield* AgentsHeard
    const identity = yield* Identity
    const caller = Effect.map(CurrentPrincipal, ({ key }) => ({ kind: "api_key", id: key }) as const)

    const keyJson = (keyId: string) => {
      const { state } = identity.known()
      const key = state.gatewayKeys.get(keyId)!
      return { keyId, signing: key.signing, state: gatewayKeyState(state, keyId, key), until: key.until ?? null }
    }

    /** An agent that has not pinned what is recorded now would refuse what a newer key signs. */
    const unaware = Effect.gen(function* () {
      const last = yield* heard.all
      const { revision, trusted } = identity.known()
      return [...trusted.keys()].filter((agent) => (last.get(agent)?.revision ?? 0) < revision)
    })

    return handlers
      .handle("list", () => Effect.sync(() => ({ items: [...identity.known().state.gatewayKeys.keys()].map(keyJson) })))
      .handleRaw(
        "prepare",
        posting(
          prepare,
          Effect.fnUntraced(function* () {
            const { keyId } = yield* identity.prepareKey(yield* caller)
            return { body: keyJson(keyId) }
          })
        )
      )
      .handleRaw(
        "activate",
        posting(
          activate,
          Effect.fnUntraced(function* ({ params: { key }, payload }) {
            const { force = false, overlapSeconds = defaultOverlapSeconds } = payload
            if (!identity.known().own.some((own) => own.public.keyId === key)) {
              return yield* refuse("key_not_found", { detail: "This gateway does not hold the secrets of such a key." })
            }
            const agents = force ? [] : yield* unaware
            if (agents.length > 0) return yield* refuse("agents_unaware", { detail: `Not yet: ${agents.join(", ")}.` })
            yield* identity.activateKey(key, overlapSeconds * 1_000, yield* caller)
            return { body: keyJson(key) }
          })
        )
      )
      .handle("revoke", ({ params: { key } }) =>
        Effect.gen(function* () {
          yield* orProblem(identity.revokeKey(key, yield* caller))
        })
      )
  })
)
