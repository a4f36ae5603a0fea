import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"

export interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
  /** What the server refuses is not asked soon again, and less and less often, up to this. */
  readonly refusedMs: number
  /** An account that is banned is not dialled before this has passed, and then ever less often, up to a day's worth. */
  readonly bannedMs: number
  /** So often a ban that only a person can lift is tried, all in all. */
  readonly bannedTries: number
  /** So many connections that worked and were cut are followed by the next at once; */
  readonly cutsAtOnce: number
  /** for so long that one lived, one cut more. */
  readonly goodMs: number
}

export const standard: Backoff = {
  firstMs: 1_000,
  mostMs: 60_000,
  refusedMs: 3_600_000,
  bannedMs: 3_600_000,
  bannedTries: 5,
  cutsAtOnce: 6,
  goodMs: 10_000
}

const mostBanned = 24

const refusals: ReadonlySet<DisconnectReason> = new Set([
  "client_refused",
  "outdated",
  "pairing_refused",
  "refused",
  "unauthorized"
])
const forAPerson: ReadonlySet<DisconnectReason> = new Set(["banned", "locked"])

/**
 * How many milliseconds to wait at most before the next connection, each time one has ended; `undefined`: none follows.
 * `livedMs` is `undefined` for one that never worked.
 */
export const make = ({ bannedMs, bannedTries, cutsAtOnce, firstMs, goodMs, mostMs, refusedMs }: Backoff) => {
  let failures = 0
  let cuts = 0
  let refused = 0
  let bans = 0
  const doubled = (times: number) => Math.min(firstMs * 2 ** times, mostMs)

  return (reason: DisconnectReason, livedMs: number | undefined): number | undefined => {
    const isForAPerson = forAPerson.has(reason)
    bans = isForAPerson || reason === "temporarily_banned" ? bans + 1 : 0
    if (bans > 0) {
      return isForAPerson && bans >= bannedTries ? undefined : bannedMs * Math.min(2 ** (bans - 1), mostBanned)
    }
    refused = refusals.has(reason) ? refused + 1 : 0
    const earlier = livedMs === undefined ? failures : 0
    failures = livedMs === undefined ? failures + 1 : 0
    if (livedMs !== undefined) cuts = Math.max(0, cuts - Math.floor(livedMs / goodMs)) + 1
    if (refused > 0) return Math.min(mostMs * 2 ** (refused - 1), refusedMs)
    // one that is cut again and again as soon as it is open was none
    if (livedMs !== undefined) return cuts <= cutsAtOnce ? 0 : doubled(cuts - cutsAtOnce - 1)
    const isExpected = reason === "restarting" || reason === "pairing_timeout"
    return isExpected && earlier === 0 ? 0 : doubled(earlier)
  }
}
