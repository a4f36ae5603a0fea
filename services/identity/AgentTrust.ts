import { fromBase64url } from "#domain/Bytes.ts"
import type { AgentId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { CipherKey, Crypto, VerifyingKey } from "#domain/ports/Crypto.ts"
import { type AgentKey, isTaken, latestKey } from "#domain/store/StoreState.ts"
import { agreementInfo, type OwnKey } from "#domain/wire/Keys.ts"

/** What the gateway needs to talk with one agent. */
export interface AgentTrust {
  readonly agent: AgentId
  /** The version of the protocol it was enrolled with. */
  readonly protocol: number
  /** Only one that is neither revoked nor out of its time: for what arrives. */
  readonly takenKey: (keyId: string, now: Instant) => VerifyingKey | undefined
  /** Encrypts to the agent's newest key, from the gateway's that signs. */
  readonly commandKey: CipherKey
  /** What the agent may have encrypted a report with that is signed by this key of its own. */
  readonly reportKeys: (keyId: string) => ReadonlyArray<CipherKey>
}

/** `own`: the gateway's keys, the one that signs first. `undefined` when the agent has no key that is not revoked. */
export const trustOf = (
  crypto: Crypto["Service"],
  own: readonly [OwnKey, ...ReadonlyArray<OwnKey>],
  agent: AgentId,
  keys: ReadonlyMap<string, AgentKey>
): AgentTrust | undefined => {
  const latest = latestKey(keys)
  if (latest === undefined) return undefined
  const agree = (key: OwnKey, kind: "commands" | "reports", theirs: string) =>
    crypto.agree(key.agreement, fromBase64url(theirs), agreementInfo(kind, agent))
  const verifying = new Map([...keys].map(([id, key]) => [id, crypto.verifyingKey(fromBase64url(key.signing))]))
  const reportKeys = new Map(
    [...keys].map(([id, key]) => [id, own.map((one) => agree(one, "reports", key.agreement))] as const)
  )
  return {
    agent,
    protocol: latest[1].protocol,
    takenKey: (id, now) => {
      const key = keys.get(id)
      return key !== undefined && isTaken(key, now) ? verifying.get(id) : undefined
    },
    commandKey: agree(own[0], "commands", latest[1].agreement),
    reportKeys: (id) => reportKeys.get(id) ?? []
  }
}
