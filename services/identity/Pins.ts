import type { AgentId, TenantId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { gatewayKeyState, isTaken, type LogIdentityState } from "#domain/identity/LogIdentityState.ts"
import type { GatewayPin } from "#domain/identity/Trust.ts"

/** What this agent shall believe, as of `millis`; `undefined` when it was never enrolled. */
export const pinOf = (
  state: Extract<LogIdentityState, { _tag: "Open" }>,
  revision: number,
  tenant: TenantId,
  agent: AgentId,
  protocol: number,
  millis: number
): GatewayPin | undefined => {
  const keys = state.agents.get(agent)
  if (keys === undefined) return undefined
  const now = fromMillis(millis)
  const gatewayKeys: Array<GatewayPin["gatewayKeys"][number]> = []
  for (const [keyId, key] of state.gatewayKeys) {
    const keyState = gatewayKeyState(state, keyId, key)
    if (keyState === "revoked" || !isTaken(key, now)) continue
    const { agreement, signing, until } = key
    gatewayKeys.push({ keyId, signing, agreement, state: keyState, ...(until !== undefined && { until }) })
  }
  return {
    tenant,
    agent,
    store: state.store,
    epoch: state.epoch,
    revision,
    protocol,
    gatewayKeys,
    agentKeys: [...keys].filter(([, key]) => isTaken(key, now)).map(([keyId]) => keyId)
  }
}
