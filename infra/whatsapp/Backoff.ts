import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"

export interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
  /** What the server refuses is not asked soon again, and less and less often, up to this. */
  readonly refusedMs: number
  /** After a connection that lived for so long the waits begin anew: one that is cut at once was none. */
  readonly goodMs: number
}

export const standard: Backoff = { firstMs: 1_000, mostMs: 60_000, refusedMs: 3_600_000, goodMs: 60_000 }

/** How many milliseconds to wait at most before the next connection, each time one has ended. */
export const make = ({ firstMs, goodMs, mostMs, refusedMs }: Backoff) => {
  let failures = 0
  let refusals = 0

  return (reason: DisconnectReason, livedMs: number): number => {
    if (livedMs >= goodMs) failures = 0
    const earlier = failures++
    refusals = reason === "refused" || reason === "outdated" ? refusals + 1 : 0
    if (refusals > 0) return Math.min(mostMs * 2 ** (refusals - 1), refusedMs)
    const expected = reason === "restarting" || reason === "pairing_timeout"
    return expected && earlier === 0 ? 0 : Math.min(firstMs * 2 ** earlier, mostMs)
  }
}
