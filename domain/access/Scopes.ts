import { Schema } from "effect"

/** What a key may do. */
export const scopes = [
  "messages:send",
  /** Those of its own client. */
  "messages:read",
  /** Everybody's; includes `messages:read`. */
  "messages:read:all",
  /** How devices stand, and not what links them. */
  "devices:read",
  /** Includes `devices:read`. */
  "devices:manage",
  /** Endpoints that are told what happens, and what was delivered to them. */
  "webhooks:manage",
  /** Where what apps of Meta hear goes, and not what their targets' secrets are. */
  "routes:read",
  /** Includes `routes:read`. */
  "routes:manage",
  /** What happens, of everybody's messages, of devices and what they hear; who may read messages is told what they say. */
  "events:read",
  /** At the home of regions: what one person and the accounts have said, wherever that was. */
  "conversations:read",
  /** Who did what with the API; that nothing recorded was changed: signed tree heads, proofs, the log with what is personal sealed. */
  "audit:read",
  /** Erases people for good, and reads what was erased. */
  "erasures:manage",
  /** How the gateway is: its metrics, and its health in detail. */
  "metrics:read",
  /** Manages clients and keys; includes all others. */
  "admin"
] as const
export const Scope = Schema.Literals(scopes)
export type Scope = typeof Scope.Type

/** A scope that includes another, beside `admin`. */
const wider: { readonly [S in Scope]?: Scope } = {
  "messages:read": "messages:read:all",
  "devices:read": "devices:manage",
  "routes:read": "routes:manage"
}

export const includes = (held: ReadonlySet<Scope>, wanted: Scope): boolean => {
  const other = wider[wanted]
  return held.has(wanted) || held.has("admin") || (other !== undefined && held.has(other))
}

/** As it is stored: a newer release may have issued what this one does not know, and so does not allow. */
export const ScopeName = Schema.String.check(Schema.isPattern(/^[a-z]+(?::[a-z]+){0,3}$/))
export const isScope = Schema.is(Scope)

/** Each once, in one order. */
export const inOrder = (some: Iterable<Scope>): ReadonlyArray<Scope> => {
  const asked = new Set(some)
  return scopes.filter((scope) => asked.has(scope))
}

/**
 * The scopes of the first version of `client.key_issued`, which no other could be added to. Who might read messages read
 * everybody's, and every key read the metrics.
 */
const first = ["messages:send", "messages:read", "devices:manage", "admin"] as const
export const FirstScope = Schema.Literals(first)
type FirstScope = typeof FirstScope.Type
const isFirst = Schema.is(FirstScope)

/** What a key of the first version may do, in the scopes there are now. */
export const renewed = (before: ReadonlyArray<FirstScope>): ReadonlyArray<Scope> => {
  if (before.includes("admin")) return inOrder(before)
  return inOrder([
    ...before,
    "metrics:read",
    ...(before.includes("messages:read") ? ["messages:read:all" as const] : [])
  ])
}

/** The other way, where the first version can say it; a gateway that knows no other would allow more. */
export const former = (names: ReadonlyArray<string>): ReadonlyArray<FirstScope> | undefined => {
  const before = names.filter(isFirst)
  const again = renewed(before)
  return again.length === names.length && again.every((scope, i) => scope === names[i]) ? before : undefined
}
