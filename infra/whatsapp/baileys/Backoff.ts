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
  /** After a connection that lived for so long the waits begin anew: one that is cut at once was none. */
  readonly goodMs: number
}

export const standard: Backoff = {
  firstMs: 1_000,
  mostMs: 60_000,
  refusedMs: 3_600_000,
  bannedMs: 3_600_000,
  bannedTries: 5,
  goodMs: 60_000
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

/** How many milliseconds to wait at most before the next connection, each time one has ended; `undefined`: none follows. */
export const make = ({ bannedMs, bannedTries, firstMs, goodMs, mostMs, refusedMs }: Backoff) => {
  let failures = 0
  let refused = 0
  let bans = 0

  return (reason: DisconnectReason, livedMs: number): number | undefined => {
    const isForAPerson = forAPerson.has(reason)
    bans = isForAPerson || reason === "temporarily_banned" ? bans + 1 : 0
    if (bans > 0) {
      return isForAPerson && bans >= bannedTries ? undefined : bannedMs * Math.min(2 ** (bans - 1), mostBanned)
    }
    if (livedMs >= goodMs) failures = 0
    const earlier = failures++
    refused = refusals.has(reason) ? refused + 1 : 0
    if (refused > 0) return Math.min(mostMs * 2 ** (refused - 1), refusedMs)
    const expected = reason === "restarting" || reason === "pairing_timeout"
    return expected && earlier === 0 ? 0 : Math.min(firstMs * 2 ** earlier, mostMs)
  }
}
