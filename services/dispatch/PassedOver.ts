import { Stream } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import type { StoreIdentity } from "../identity/StoreIdentity.ts"
import type { Order } from "../transports/agent-link/Commands.ts"

/** How many commands wait in memory for an agent that has no key; the others wait in the log. */
const mostWaiting = 256

/**
 * Commands to agents that have no key: some wait for it, and once there are more of one agent's, all further ones of it
 * are passed over, so that nobody waits behind them. They are read again when the agent has a key.
 */
export const make = (identity: StoreIdentity["Service"]) => {
  const waiting = new Map<AgentId, number>()
  const agents = new Set<AgentId>()
  /** The log up to the first of them, until the last of them is over. */
  let first: bigint | undefined
  let over = 0
  const change = (agent: AgentId, by: number) => waiting.set(agent, (waiting.get(agent) ?? 0) + by)

  return {
    /** Whether these leave, if only when the agent has a key; `before` is where the log stood. */
    leaves: (agent: AgentId, orders: ReadonlyArray<Order>, before: bigint): boolean => {
      const isKnown = identity.agent(agent) !== undefined
      if (!agents.has(agent) && (isKnown || (waiting.get(agent) ?? 0) + orders.length <= mostWaiting)) return true
      agents.add(agent)
      first ??= before
      over = Math.max(over, ...orders.map(({ expiresAt }) => toMillis(expiresAt)))
      return false
    },
    waits: (agent: AgentId) => identity.agent(agent) === undefined,
    change,
    /** What a checkpoint may not pass. */
    before: (now: number): bigint | undefined => (now > over ? undefined : first),
    /** When one of the agents has a key, and there is something to read again. */
    enrolled: Stream.runDrain(
      Stream.takeUntil(identity.changes, () => [...agents].some((agent) => identity.agent(agent) !== undefined))
    )
  }
}
