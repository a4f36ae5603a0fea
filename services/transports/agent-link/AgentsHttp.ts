import { Clock, Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { fromBase64url } from "#domain/Bytes.ts"
import { AgentId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { type AgentKey, latestKey } from "#domain/identity/LogIdentityState.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { keyIdOf } from "#domain/wire/Keys.ts"
import { Api } from "../../api/Api.ts"
import { CurrentPrincipal } from "../../api/Authorization.ts"
import { refuse } from "../../http/Answer.ts"
import { orProblem } from "../../http/Foreseen.ts"
import { posting } from "../../http/Posting.ts"
import { agentKeysJson } from "../../identity/AgentKeysJson.ts"
import { Identity } from "../../identity/Identity.ts"
import { AgentsHeard, type Heard } from "./AgentsHeard.ts"

const isAgentId = Schema.is(AgentId)
const { enrol } = Api.groups.agents.endpoints
const flaw = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "body", pointer, expected }] })

const agentJson = (
  id: AgentId,
  keys: ReadonlyMap<string, AgentKey>,
  heard: Heard | undefined,
  revision: number,
  now: Instant
) => {
  const latest = latestKey(keys)
  return {
    id,
    nkey: latest?.[1].busUser ?? null,
    protocol: heard?.protocol ?? latest?.[1].protocol ?? 1,
    lastHeardAt: heard?.at ?? null,
    clockOffsetMs: heard?.offsetMillis ?? null,
    refused: heard?.refused ?? null,
    upToDate: (heard?.revision ?? 0) >= revision,
    keys: agentKeysJson(keys, now)
  }
}

export const layer = HttpApiBuilder.group(
  Api,
  "agents",
  Effect.fnUntraced(function* (handlers) {
    const crypto = yield* Crypto
    const heard = yield* AgentsHeard
    const identity = yield* Identity
    const caller = Effect.map(CurrentPrincipal, ({ key }) => ({ kind: "api_key", id: key }) as const)

    return handlers
      .handleRaw(
        "enrol",
        posting(
          enrol,
          Effect.fnUntraced(
            function* ({ payload: offer }) {
              if (keyIdOf(crypto, fromBase64url(offer.signing)) !== offer.keyId) {
                return yield* flaw("/keyId", "the id of the key in /signing")
              }
              return { body: yield* identity.enrol(offer, yield* caller) }
            },
            Effect.catchTag("KeyUnusable", () => flaw("/agreement", "an X25519 public key"))
          )
        )
      )
      .handle("list", () =>
        Effect.gen(function* () {
          const now = fromMillis(yield* Clock.currentTimeMillis)
          const last = yield* heard.all
          const { revision, state } = identity.known()
          return { items: [...state.agents].map(([id, keys]) => agentJson(id, keys, last.get(id), revision, now)) }
        })
      )
      .handle("revokeKey", ({ params: { id, key } }) =>
        Effect.gen(function* () {
          if (!isAgentId(id) || !identity.known().state.agents.has(id)) return yield* refuse("agent_not_found")
          yield* orProblem(identity.revokeAgentKey(id, key, yield* caller))
        })
      )
  })
)
