import { Effect } from "effect"
import { fromBase64url } from "#domain/Bytes.ts"
import type { AgentId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EnvelopeRefused, verifyBatch } from "#domain/wire/Envelope.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"

/** Whether the signed bytes behind an event hold under a public key that was ever recorded of the agent: also a revoked one. */
export const check = Effect.fnUntraced(function* (agent: AgentId, evidence: string | undefined) {
  if (evidence === undefined) return "none"
  const crypto = yield* Crypto
  const identity = yield* StoreIdentity
  const keys = identity.known().state.agents.get(agent)
  const keyOf = (keyId: string) => {
    const key = keys?.get(keyId)
    return key && crypto.verifyingKey(fromBase64url(key.signing))
  }
  const [answer] = yield* verifyBatch(crypto, keyOf, [fromBase64url(evidence)])
  return answer === undefined || answer instanceof EnvelopeRefused ? "refused" : "verified"
})
