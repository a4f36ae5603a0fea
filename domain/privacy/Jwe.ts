import { base64url, concat, utf8 } from "../Bytes.ts"
import type { JsonObject } from "../Json.ts"
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
/** Concat KDF (RFC 7518, 4.6.2), of which one round gives all that is needed; neither party is named. */
const algorithm = concat(uint32(enc.length), utf8(enc))
const otherInfo = concat(algorithm, uint32(0), uint32(0), uint32(256))
const round = uint32(1)

const jwkOf = (point: Uint8Array) => ({
  kty: "EC",
  crv: "P-256",
  x: base64url(point.subarray(1, 33)),
  y: base64url(point.subarray(33))
})

/** Seals JSON for whoever holds the key. `bound`: further members of the protected header, which anybody can read. */
export const sealFor = (
  crypto: Crypto["Service"],
  { kid, point }: SealingKey,
  bound: JsonObject,
  json: string
): string => {
  const { publicPoint, secret } = crypto.agreeOnce(point)
  const key = crypto.cipherKey(crypto.sha256(concat(round, secret, otherInfo)))
  const header = { alg: "ECDH-ES", enc, kid, epk: jwkOf(publicPoint), cty: "json", ...bound }
  const head = base64url(utf8(JSON.stringify(header)))
  const { box, iv } = crypto.encrypt(key, utf8(json), utf8(head))
  // between them the encrypted key, which there is none of: it was agreed on
  return [head, "", ...[iv, box.subarray(0, -tagLength), box.subarray(-tagLength)].map(base64url)].join(".")
}
