import type { Claim, Policy, Standing } from "#domain/ports/RateLimits.ts"

/** Far below what a clock tells apart, far above what its fractions lose. */
export const epsilonMillis = 1e-3

/**
 * Buckets in memory, by the generic cell rate algorithm (ITU-T I.371): of each only the moment is kept at which it will
 * be full again. One that is full is the same as none, so only buckets touched within a window are kept, and of those
 * the `capacity` touched last. All times are milliseconds of one clock that never goes back.
 */
export class Buckets {
  /** By when they were touched, the longest ago first. */
  readonly #fullAt = new Map<string, number>()
  readonly #capacity: number

  constructor(capacity = 50_000) {
    this.#capacity = capacity
  }

  get size() {
    return this.#fullAt.size
  }

  look(claim: Claim, now: number): Standing {
    return standingOf(claim, this.#missing(claim, now))
  }

  take(claim: Claim, now: number): Standing {
    const { amount, bucket, policy } = claim
    const missing = this.#missing(claim, now)
    const found = standingOf(claim, missing)
    const after = found.allowed ? missing + (amount * policy.windowMillis) / policy.quota : missing
    this.#fullAt.delete(bucket) // to be the last: a bucket that is refused all the time is not one to forget
    this.#forget(now)
    this.#fullAt.set(bucket, now + after)
    return found.allowed ? allowedStanding(policy, after) : found
  }

  #missing({ bucket }: Claim, now: number): number {
    return Math.max((this.#fullAt.get(bucket) ?? now) - now, 0)
  }

  /** Two at a time: one more than a claim can add. */
  #forget(now: number) {
    let looked = 0
    for (const [bucket, fullAt] of this.#fullAt) {
      if (looked++ === 2 || (fullAt > now && this.#fullAt.size < this.#capacity)) return
      this.#fullAt.delete(bucket)
    }
  }
}

/** Of a claim on a bucket that will be full in `missing` milliseconds. */
export const standingOf = ({ amount, policy }: Claim, missing: number): Standing => {
  const standing = allowedStanding(policy, missing)
  const waitMillis = missing + (amount * policy.windowMillis) / policy.quota - policy.windowMillis
  return waitMillis > epsilonMillis ? { ...standing, allowed: false, waitMillis } : standing
}

/** What may still be taken; what is missing comes back one by one. */
export const allowedStanding = ({ quota, windowMillis }: Policy, missing: number): Standing => {
  const each = windowMillis / quota
  return {
    allowed: true,
    remaining: Math.floor((windowMillis - missing + epsilonMillis) / each),
    waitMillis: missing <= epsilonMillis ? 0 : missing % each || each
  }
}
