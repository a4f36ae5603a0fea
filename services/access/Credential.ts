import { base64url, hex, utf8 } from "#domain/Bytes.ts"
import { ApiKeyId } from "#domain/Ids.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"

type Algorithms = Crypto["Service"]

/** What a caller presents: `hk_<key id>_<32 random bytes, base64url>`. Only its digest is ever kept. */
const shape = /^hk_([a-z0-9]{4,32})_[A-Za-z0-9_-]{43}$/

export const newKeyId = (crypto: Algorithms) => ApiKeyId.make(hex(crypto.random(8)))

export const newCredential = (crypto: Algorithms, id: ApiKeyId) => {
  const secret = `hk_${id}_${base64url(crypto.random(32))}`
  return { id, secret, digest: base64url(digestOf(crypto, secret)) }
}

export const digestOf = (crypto: Algorithms, credential: string): Uint8Array => crypto.sha256(utf8(credential))

/** Which key it claims to be. */
export const keyIdIn = (credential: string): ApiKeyId | undefined => shape.exec(credential)?.[1] as ApiKeyId | undefined
