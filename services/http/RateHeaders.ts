import { contextOf, type Limit, type Verdict } from "./RequestContext.ts"

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

/**
 * `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11, May 2026: `r` may be taken now, and `t`
 * seconds from now there is more. `Retry-After`, if the request was refused for now.
 */
export const rateHeadersOf = (request: object): Record<string, string> => {
  const { retryAfterSeconds, verdicts } = contextOf(request)
  const headers: Record<string, string> = {}
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds)
  if (verdicts.length > 0) {
    headers["ratelimit-policy"] = verdicts.map(({ limit }) => limit.written).join(", ")
    headers.ratelimit = verdicts.map(rateLimit).join(", ")
  }
  return headers
}

const rateLimit = ({ limit, standing: { remaining, waitMillis } }: Verdict): string =>
  `"${limit.name}";r=${remaining};t=${Math.ceil(waitMillis / 1_000)}`
