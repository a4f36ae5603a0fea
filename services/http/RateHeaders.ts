import type { Policy, Standing } from "#domain/ports/RateLimits.ts"

/** A limit as callers hear of it. */
export interface Limit {
  readonly name: string
  readonly policy: Policy
  /** As it stands in `RateLimit-Policy`. */
  readonly written: string
}

const windowMillis = 60_000

/** `undefined` for none. */
export const limitOf = (name: string, perMinute: number): Limit | undefined =>
  perMinute === 0
    ? undefined
    : {
        name,
        policy: { quota: perMinute, windowMillis },
        written: `"${name}";q=${perMinute};w=${windowMillis / 1_000}`
      }

export interface Told {
  readonly limit: Limit
  readonly standing: Standing
}

const told = new WeakMap<object, ReadonlyArray<Told>>()

/** Remembers how a request stands with its limits, for whatever answer it comes to. */
export const tell = (request: object, standings: ReadonlyArray<Told>): void => void told.set(request, standings)

/**
 * `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11, May 2026: `r` may be taken now, and `t`
 * seconds from now there is more.
 */
export const rateHeadersOf = (request: object): Record<string, string> | undefined => {
  const standings = told.get(request)
  if (standings === undefined || standings.length === 0) return undefined
  return {
    "ratelimit-policy": standings.map(({ limit }) => limit.written).join(", "),
    ratelimit: standings.map(rateLimit).join(", ")
  }
}

const rateLimit = ({ limit, standing: { remaining, waitMillis } }: Told): string =>
  `"${limit.name}";r=${remaining};t=${Math.ceil(waitMillis / 1_000)}`
