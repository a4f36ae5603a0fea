import { base64url, lengthPrefixed } from "#domain/Bytes.ts"
import type { LoginId } from "#domain/Ids.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"

type Algorithms = Crypto["Service"]

/** What is presented instead of a key: `<id>.<32 random bytes, base64url>`, in a cookie or, once, in a link. */
export interface Token {
  readonly id: LoginId
  readonly secret: string
}

const shape = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/

export const tokenIn = (text: string): Token | undefined => {
  const [, id, secret] = shape.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id: id as LoginId, secret }
}

export const newToken = (crypto: Algorithms, id: LoginId): Token => ({ id, secret: base64url(crypto.random(32)) })

export const written = ({ id, secret }: Token): string => `${id}.${secret}`

/** Of both, so that what is kept proves nothing and another key in the place of the first opens nothing. */
export const proofOf = (crypto: Algorithms, { id, secret }: Token, keyDigest: Uint8Array): Uint8Array =>
  crypto.sha256(lengthPrefixed("login", id, secret, base64url(keyDigest)))

const name = "homing_session"

/** The cookie's value; `undefined` without one, empty where there are two: a neighbour's page may have set the other. */
export const cookieIn = (cookies: string | undefined): string | undefined => {
  if (cookies === undefined || !cookies.includes(name)) return undefined
  const values = cookies.split(";").flatMap((pair) => {
    const [key = "", ...value] = pair.trim().split("=")
    return key === name ? [value.join("=")] : []
  })
  return values.length > 1 ? "" : values[0]
}

export interface Place {
  /** Whether the browser came by https. */
  readonly isSecure: boolean
  /** What a proxy put before every path of ours; `/` for nothing. */
  readonly path: string
}

/** As the header sets it; for no seconds it is taken away. */
export const setting = (value: string, seconds: number, { isSecure, path }: Place): string =>
  `${name}=${value}; Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`
