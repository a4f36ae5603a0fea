import type { AgentId, TenantId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { type GatewayKey, isTaken, type StoreState } from "#domain/store/StoreState.ts"
import type { GatewayPin } from "#domain/wire/Trust.ts"

/** What this agent shall believe, as of `millis`; `undefined` when it was never enrolled. */
export const pinOf = (
  state: Extract<StoreState, { _tag: "Open" }>,
  revision: number,
  tenant: TenantId,
  agent: AgentId,
  protocol: number,
  millis: number
): GatewayPin | undefined => {
  const keys = state.agents.get(agent)
  if (keys === undefined) return undefined
  const now = fromMillis(millis)
  const stateOf = (keyId: string, { until }: GatewayKey) =>
    keyId === state.active ? "active" : until === undefined ? "next" : "retired"
  return {
    tenant,
    agent,
    store: state.store,
    epoch: state.epoch,
    revision,
    protocol,
    gatewayKeys: [...state.gatewayKeys]
      .filter(([, key]) => isTaken(key, now))
      .map(([keyId, key]) => ({
        keyId,
        signing: key.signing,
        agreement: key.agreement,
        state: stateOf(keyId, key),
        ...(key.until !== undefined && { until: key.until })
      })),
    agentKeys: [...keys].filter(([, key]) => isTaken(key, now)).map(([keyId]) => keyId)
  }
}
