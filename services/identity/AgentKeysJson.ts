import type { Instant } from "#domain/Instant.ts"
import { type AgentKey, agentKeyState } from "#domain/identity/LogIdentityState.ts"

/** An agent's keys as the API shows them, oldest first. */
export const agentKeysJson = (keys: ReadonlyMap<string, AgentKey>, now: Instant) =>
  [...keys].map(([keyId, key]) => ({
    keyId,
    signing: key.signing,
    state: agentKeyState(keys, keyId, key, now),
    until: key.until ?? null
  }))
