import { isProxied, type Trust } from "./ClientAddress.ts"

interface Headed {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** Sent by our own page, and by nobody's form or picture: no page of another origin may add it unasked. */
export const pageHeader = "x-homing-request"
const pageWord = "dashboard"

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined)

/**
 * Whose page a browser says it is that asks: the browser's own word where it gives one (`Sec-Fetch-Site`, only on what it
 * takes for safe), else by the host it calls us by. A proxy that is trusted may have called us otherwise.
 */
const pageOf = ({ headers }: Headed, isTrusted: boolean): "ours" | "foreign" | undefined => {
  const { host, origin, "sec-fetch-site": site, "x-forwarded-host": forwarded } = headers
  if (site !== undefined) return site === "same-origin" || site === "none" ? "ours" : "foreign"
  if (origin === undefined) return undefined
  const called = [host, ...(isTrusted && forwarded !== undefined ? [forwarded.split(",").at(-1)!.trim()] : [])]
  const asking = hostOf(origin)
  return asking !== undefined && called.some((name) => name?.toLowerCase() === asking) ? "ours" : "foreign"
}

const safe: ReadonlyArray<string> = ["GET", "HEAD", "OPTIONS"]

/**
 * What a browser adds to a request by itself, a cookie, is no proof of what its user wants. A request that changes
 * something, or a connection that stays, has to come from a page of ours that says so; any other at least from no foreign one.
 */
export const ownPages = (trust: Trust | undefined) => {
  const page = (request: Headed, remoteAddress: string | undefined) => pageOf(request, isProxied(trust, remoteAddress))
  return {
    isForeign: (request: Headed, remoteAddress: string | undefined): boolean =>
      page(request, remoteAddress) === "foreign",
    isOurs: (request: Headed, remoteAddress: string | undefined): boolean => page(request, remoteAddress) === "ours",
    mayAsk: (method: string, request: Headed, remoteAddress: string | undefined): boolean => {
      const found = page(request, remoteAddress)
      if (safe.includes(method)) return found !== "foreign"
      return found === "ours" && request.headers[pageHeader] === pageWord
    }
  }
}
