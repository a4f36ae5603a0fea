import { base64url, concat, utf8 } from "../Bytes.ts"
import type { Crypto } from "../ports/Crypto.ts"
import type { SealingKey } from "./SealingKey.ts"

// JSON Web Encryption in its compact form (RFC 7516) with ECDH-ES on P-256 and A256GCM (RFC 7518): what every library for it opens.

const enc = "A256GCM"
const tagLength = 16

const uint32 = (value: number) => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
const sized = (bytes: Uint8Array) => concat(uint32(bytes.length), bytes)
const nobody = new Uint8Array(0)
const algorithm = sized(utf8(enc))
/** Concat KDF (RFC 7518, 4.6.2), of which one round gives all that is needed. */
const derive = (crypto: Crypto["Service"], secret: Uint8Array, partyU: Uint8Array) =>
  crypto.sha256(concat(uint32(1), secret, algorithm, sized(partyU), sized(nobody), uint32(256)))

const jwkOf = (point: Uint8Array) => ({
  kty: "EC",
  crv: "P-256",
  x: base64url(point.subarray(1, 33)),
  y: base64url(point.subarray(33))
})

/**
 * Seals JSON for whoever holds the key. `about` is bound to it and stands in the clear, as `apu`: a member of the header
 * that every library knows, where some refuse one that is ours.
 */
export const sealFor = (crypto: Crypto["Service"], { kid, point }: SealingKey, about: string, json: string): string => {
  const partyU = utf8(about)
  const { publicPoint, secret } = crypto.agreeOnce(point)
  const key = crypto.cipherKey(derive(crypto, secret, partyU))
  const header = { alg: "ECDH-ES", enc, kid, epk: jwkOf(publicPoint), apu: base64url(partyU), cty: "json" }
  const head = base64url(utf8(JSON.stringify(header)))
  const { box, iv } = crypto.encrypt(key, utf8(json), utf8(head))
  // between them the encrypted key, which there is none of: it was agreed on
  return [head, "", ...[iv, box.subarray(0, -tagLength), box.subarray(-tagLength)].map(base64url)].join(".")
}
