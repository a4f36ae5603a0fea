import { hex } from "../Bytes.ts"
import type { AgentId } from "../Ids.ts"
import type { Crypto } from "../ports/Crypto.ts"

/** A key's id: the start of its digest, so that no two keys share one and nobody has to number them. */
export const keyIdOf = (crypto: Crypto["Service"], signing: Uint8Array) => hex(crypto.sha256(signing).subarray(0, 8))

/** The info string that binds an agreed key to one lane of one agent. Both sides derive it. */
export const agreementInfo = (kind: "commands" | "reports", agent: AgentId) => `homing/wire/1 ${kind} ${agent}`
