import type { ApiKeyId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { type KnownKey, stateOf } from "./Roster.ts"

/** What takes the place of a key, with the same scopes. */
interface Replacement {
  readonly expires: boolean
}

/**
 * Whether there would be nobody to manage clients and keys without this key, at once or one day. An administrator's key
 * without an end stays as long as there is one, and else any that is good.
 */
export const isLast = (
  keys: ReadonlyMap<ApiKeyId, KnownKey>,
  key: ApiKeyId,
  now: Instant,
  replacement?: Replacement
): boolean => {
  const administrators = [...keys.values()].filter((one) => one.scopes.has("admin") && stateOf(one, now) === "active")
  const taken = administrators.find(({ id }) => id === key)
  if (taken === undefined) return false
  const others = administrators.filter((one) => one !== taken)
  if (replacement?.expires === false || others.some(({ expiresAt }) => expiresAt === undefined)) return false
  return taken.expiresAt === undefined || (others.length === 0 && replacement === undefined)
}
