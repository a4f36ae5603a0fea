import { Schema } from "effect"
import { concat, fromBase64url } from "../Bytes.ts"

/** The public half of a key that somebody else holds: what is sealed for it, they alone open. */
export interface SealingKey {
  /** Tells one key from another, to whoever holds several. */
  readonly kid: string
  /** On P-256: 65 bytes, uncompressed. */
  readonly point: Uint8Array
}

/** As many as may be set. Each makes every event longer. */
const mostKeys = 8
const Coordinate = Schema.String.check(Schema.isPattern(/^[\w-]{43}$/))
const Jwk = Schema.Struct({
  kty: Schema.Literal("EC"),
  crv: Schema.Literal("P-256"),
  x: Coordinate,
  y: Coordinate,
  kid: Schema.String.check(Schema.isPattern(/^[\w.~-]{1,64}$/)),
  use: Schema.optionalKey(Schema.Literal("enc")),
  alg: Schema.optionalKey(Schema.Literal("ECDH-ES")),
  /** A private key, which is nobody's business but its holder's. */
  d: Schema.optionalKey(Schema.Never)
})
const JwkSet = Schema.fromJsonString(
  Schema.Struct({ keys: Schema.Array(Jwk).check(Schema.isMinLength(1), Schema.isMaxLength(mostKeys)) })
)
const decode = Schema.decodeUnknownOption(JwkSet)

const prime = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const numberIn = (bytes: Uint8Array) => BigInt(`0x${bytes.toHex()}`)
/** Another point would have a secret that others can guess. */
const isOnCurve = (x: bigint, y: bigint) => x < prime && y < prime && (y * y - (x * x * x - 3n * x + b)) % prime === 0n

const keyOf = ({ kid, x, y }: typeof Jwk.Type): ReadonlyArray<SealingKey> => {
  const [left, right] = [fromBase64url(x), fromBase64url(y)]
  return isOnCurve(numberIn(left), numberIn(right)) ? [{ kid, point: concat(Uint8Array.of(4), left, right) }] : []
}

/** In a JWK Set (RFC 7517) of public keys on P-256, each of another `kid`; `undefined` when the text is anything else. */
export const sealingKeysIn = (text: string): ReadonlyArray<SealingKey> | undefined => {
  const found = decode(text)
  if (found._tag === "None") return undefined
  const { keys } = found.value
  const valid = keys.flatMap(keyOf)
  return valid.length === new Set(keys.map(({ kid }) => kid)).size && valid.length === keys.length ? valid : undefined
}
