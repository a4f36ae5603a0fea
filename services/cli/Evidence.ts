import { Effect } from "effect"
import { fromBase64url } from "#domain/Bytes.ts"
import type { AgentId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EnvelopeRefused, verifyBatch } from "#domain/wire/Envelope.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"

/** Whether the signed bytes behind an event hold under the agent's recorded public key. */
export const check = Effect.fnUntraced(function* (agent: AgentId, evidence: string | undefined) {
  if (evidence === undefined) return "none"
  const crypto = yield* Crypto
  const identity = yield* StoreIdentity
  const keyOf = identity.agent(agent)?.verifyingKey ?? (() => undefined)
  const [answer] = yield* verifyBatch(crypto, keyOf, [fromBase64url(evidence)])
  return answer === undefined || answer instanceof EnvelopeRefused ? "refused" : "verified"
})
