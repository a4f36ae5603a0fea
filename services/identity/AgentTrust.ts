import { fromBase64url } from "#domain/Bytes.ts"
import type { AgentId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { type AgentKey, isTaken, latestKey } from "#domain/identity/LogIdentityState.ts"
import type { CipherKey, Crypto, VerifyingKey } from "#domain/ports/Crypto.ts"
import { agreementInfo, type OwnKey } from "#domain/wire/Keys.ts"

/** What the gateway needs to talk with one agent. */
export interface AgentTrust {
  readonly agent: AgentId
  /** The version of the protocol it was enrolled with. */
  readonly protocol: number
  /** Only one that is neither revoked nor out of its time: for what arrives. */
  readonly takenKey: (keyId: string, now: Instant) => VerifyingKey | undefined
  /** Encrypts to the agent's newest key, from this one of the gateway's. */
  readonly commandKey: (keyId: string) => CipherKey | undefined
  /** What the agent may have encrypted a report with that is signed by this key of its own. */
  readonly reportKeys: (keyId: string) => ReadonlyArray<CipherKey>
}

/** `own`: the gateway's keys. `undefined` when the agent has no key that is not revoked. */
export const trustOf = (
  crypto: Crypto["Service"],
  own: ReadonlyArray<OwnKey>,
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
  const commandKeys = new Map(own.map((key) => [key.public.keyId, agree(key, "commands", latest[1].agreement)]))
  return {
    agent,
    protocol: latest[1].protocol,
    takenKey: (id, now) => {
      const key = keys.get(id)
      return key !== undefined && isTaken(key, now) ? verifying.get(id) : undefined
    },
    commandKey: (id) => commandKeys.get(id),
    reportKeys: (id) => reportKeys.get(id) ?? []
  }
}
