/** Whose pages may call the API from a browser: everybody's, or those of these origins. */
export type Origins = "*" | ReadonlySet<string>

/** `*`, or origins as browsers write them, separated by commas; `undefined` for anything else. */
export const originsOf = (text: string): Origins | undefined => {
  if (text.trim() === "*") return "*"
  const origins = text.split(",").map((origin) => origin.trim())
  return origins.every(isOrigin) ? new Set(origins) : undefined
}

const isOrigin = (text: string): boolean =>
  /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text

const exposed = "idempotency-key, idempotency-warning, location, ratelimit, ratelimit-policy, retry-after, x-request-id"
const accepted = "authorization, content-type, idempotency-key, x-api-key, x-request-id"
const rememberedSeconds = 600

interface Headed {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/**
 * What the Fetch standard asks of answers to pages of other origins. Credentials of the browser's own are never asked
 * for: a key comes in a header that the page sets, so that a foreign page can do nothing with a visitor's cookies.
 */
export const cors = (origins: Origins | undefined) => {
  const allowed = ({ headers: { origin } }: Headed): string | undefined =>
    origins === undefined || origin === undefined
      ? undefined
      : origins === "*"
        ? "*"
        : origins.has(origin)
          ? origin
          : undefined
  const varies = origins !== undefined && origins !== "*"

  return {
    /** Of every answer; a cache must not show one origin what was meant for another. */
    headersOf: (request: Headed, answered: Headed): Record<string, string> => {
      const { vary } = answered.headers
      const others: Record<string, string> = varies ? { vary: vary === undefined ? "Origin" : `${vary}, Origin` } : {}
      const origin = allowed(request)
      if (origin === undefined) return others
      return { ...others, "access-control-allow-origin": origin, "access-control-expose-headers": exposed }
    },
    /** Of the answer to a preflight, besides; needs no key. `methods`: what the path answers to. */
    preflightHeadersOf: (request: Headed, methods: string): Record<string, string> => {
      if (request.headers["access-control-request-method"] === undefined || allowed(request) === undefined) return {}
      return {
        "access-control-allow-methods": methods,
        "access-control-allow-headers": accepted,
        "access-control-max-age": String(rememberedSeconds)
      }
    }
  }
}
