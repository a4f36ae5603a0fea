import type { AgentId } from "../Ids.ts"
import type { Instant } from "../Instant.ts"

/** Public halves, base64url: `signing` is Ed25519, `agreement` X25519. */
export type PublicKeys = { readonly signing: string; readonly agreement: string }

/** A key is never forgotten, for the evidence it signed; whether it is taken now is another matter. */
export interface GatewayKey extends PublicKeys {
  /** Replaced by another: taken until then. */
  readonly until: Instant | undefined
  readonly revoked: boolean
}
export interface AgentKey extends GatewayKey {
  readonly protocol: number
  /** As whom it signs in at the bus. */
  readonly busUser: string | undefined
}

export interface Installation {
  readonly pepper: string
  readonly shared: boolean
}

export type LogIdentityState =
  | { readonly _tag: "Nothing" }
  | {
      readonly _tag: "Open"
      readonly store: string
      readonly epoch: number
      /** `undefined` in logs of before it was recorded, until the next start. */
      readonly installation: Installation | undefined
      /** The id of the key that signs: the first that was added, until another is activated. */
      readonly active: string | undefined
      readonly gatewayKeys: ReadonlyMap<string, GatewayKey>
      /** By agent, then by key id, the newest last. */
      readonly agents: ReadonlyMap<AgentId, ReadonlyMap<string, AgentKey>>
    }

export const usable = { until: undefined, revoked: false } as const

/** Whether what this key signs is believed at this time. */
export const isTaken = ({ revoked, until }: GatewayKey, now: Instant): boolean =>
  !revoked && (until === undefined || now < until)

/** The agent's key that is in force: the newest that was not revoked. */
export const latestKey = (keys: ReadonlyMap<string, AgentKey>) => [...keys].findLast(([, key]) => !key.revoked)

export const sameKeys = (known: PublicKeys | undefined, key: PublicKeys) =>
  known?.signing === key.signing && known.agreement === key.agreement

/** What becomes of a key of the gateway: `next` was added and has not signed yet. */
export const gatewayKeyState = (
  { active }: Extract<LogIdentityState, { _tag: "Open" }>,
  keyId: string,
  { revoked, until }: GatewayKey
): "active" | "next" | "retired" | "revoked" =>
  revoked ? "revoked" : keyId === active ? "active" : until === undefined ? "next" : "retired"

/** What becomes of an agent's key among all of its keys: what a `retired` one signs is taken until its time is over. */
export const agentKeyState = (
  keys: ReadonlyMap<string, AgentKey>,
  keyId: string,
  key: AgentKey,
  now: Instant
): "active" | "retired" | "revoked" => {
  if (key.revoked) return "revoked"
  return latestKey(keys)?.[0] === keyId && isTaken(key, now) ? "active" : "retired"
}
