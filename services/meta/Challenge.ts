import { utf8 } from "#domain/Bytes.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"

/** What a challenge may be made of: enough for numbers, random strings and base64, too little for a page. */
const plain = /^[\w.~+/=-]{1,512}$/

/** One value, or none: of two that are given nobody could say which is meant. */
const only = (query: URLSearchParams, name: string): string | undefined => {
  const all = query.getAll(name)
  return all.length === 1 ? all[0] : undefined
}

/** What is to be echoed when Meta subscribes, in proof that the token is known here; else `undefined`. */
export const challengeIn = (
  crypto: Pick<Crypto["Service"], "equal" | "sha256">,
  url: string,
  token: string
): string | undefined => {
  const query = new URL(url, "http://localhost").searchParams
  const challenge = only(query, "hub.challenge")
  const said = only(query, "hub.verify_token")
  if (only(query, "hub.mode") !== "subscribe" || challenge === undefined || said === undefined) return undefined
  const isKnown = crypto.equal(crypto.sha256(utf8(said)), crypto.sha256(utf8(token)))
  return isKnown && plain.test(challenge) ? challenge : undefined
}
