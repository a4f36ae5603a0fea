import { isIP } from "node:net"
import { Result } from "effect"
import type { RefusalReason } from "#domain/ports/OutboundHttp.ts"

/** Where a URL leads, once read: what is vetted, looked up, dialled and asked is this and not the text. */
export interface Target {
  readonly scheme: "http" | "https"
  /** A name, or an address without brackets. */
  readonly host: string
  readonly isLiteral: boolean
  readonly port: number
  /** Host and port as they are said to whoever is asked. */
  readonly authority: string
  readonly path: string
}

const longestUrl = 2_048

/** What readers of URLs pass over or take for a slash: two of them must not see two hosts. */
const plain = /^https?:\/\/[^/?#\\]+(?:[/?#]|$)/i
const unplain = /[^\x21-\x7e\u{a0}-\u{10ffff}]|\\|\s/u

export const targetOf = (text: string): Result.Result<Target, RefusalReason> => {
  if (text.length > longestUrl || unplain.test(text) || !URL.canParse(text)) return Result.fail("syntax")
  const url = new URL(text)
  if (url.protocol !== "http:" && url.protocol !== "https:") return Result.fail("scheme")
  if (!plain.test(text)) return Result.fail("syntax")
  if (url.username !== "" || url.password !== "" || text.split(/[/?#]/)[2]!.includes("@")) {
    return Result.fail("credentials")
  }
  const host = url.hostname.replace(/^\[|\]$/g, "")
  if (host === "" || host.endsWith(".")) return Result.fail("syntax")
  const scheme = url.protocol === "http:" ? "http" : "https"
  return Result.succeed({
    scheme,
    host,
    isLiteral: isIP(host) !== 0,
    port: url.port === "" ? (scheme === "http" ? 80 : 443) : Number(url.port),
    authority: url.host,
    path: `${url.pathname}${url.search}`
  })
}
