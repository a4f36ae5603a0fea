import type { AgentId } from "../Ids.ts"

/** The name under which a log signs heads of its tree; `store`: the log's id. */
export const originOf = (store: string) => `homing/${store}`

/** The name under which an agent cosigns them. */
export const witnessName = (origin: string, agent: AgentId) => `${origin}/${agent}`
