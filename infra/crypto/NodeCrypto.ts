import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hash,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify
} from "node:crypto"
import { Effect, Layer } from "effect"
import { concat, fromHex } from "#domain/Bytes.ts"
import { type CipherKey, Crypto } from "#domain/ports/Crypto.ts"
import { pooledRandom } from "./PooledRandom.ts"

const keyLength = 32
const ivLength = 12
const tagLength = 16
const pointLength = 65

/** The domain sees KeyObjects as opaque keys; nobody but this file turns one into the other. */
const hide = <Key>(key: KeyObject) => key as unknown as Key
const show = (key: unknown) => key as KeyObject

const exactly = (length: number, bytes: Uint8Array): Uint8Array => {
  if (bytes.length === length) return bytes
  throw new RangeError(`expected ${length} bytes, got ${bytes.length}`)
}

const cipherKey = (key: Uint8Array): CipherKey => hide(createSecretKey(exactly(keyLength, key)))

const fromSeed = <Key>(type: "ed25519" | "x25519", seed: Uint8Array) => {
  const key = createPrivateKey({
    key: Buffer.from(exactly(keyLength, seed)),
    format: "raw-private",
    asymmetricKeyType: type
  })
  return { key: hide<Key>(key), publicKey: createPublicKey(key).export({ format: "raw-public" }) }
}

const fromPublic = (type: "ed25519" | "x25519", publicKey: Uint8Array) =>
  createPublicKey({
    key: Buffer.from(exactly(keyLength, publicKey)),
    format: "raw-public",
    asymmetricKeyType: type
  })

/** The Crypto port over node:crypto. A wrong length throws: lengths are checked where bytes come in. */
export const crypto = Crypto.of({
  random: pooledRandom(),
  sha256: (data) => fromHex(hash("sha256", data, "hex")), // to have Node make a Buffer costs more than the digest
  sha1: (data, as) => hash("sha1", data, as),

  macKey: (key) => hide(createSecretKey(key)),
  mac: (key, data, as) => createHmac("sha256", show(key)).update(data).digest(as),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),

  cipherKey,
  encrypt: (key, plaintext, associated) => {
    const iv = crypto.random(ivLength)
    const cipher = createCipheriv("aes-256-gcm", show(key), iv, { authTagLength: tagLength })
    cipher.setAAD(associated)
    const ciphertext = cipher.update(plaintext)
    cipher.final() // nothing more: GCM is a stream
    return { iv, box: concat(ciphertext, cipher.getAuthTag()) }
  },
  decrypt: (key, { iv, box }, associated) => {
    if (iv.length !== ivLength || box.length < tagLength) return undefined
    const decipher = createDecipheriv("aes-256-gcm", show(key), iv, { authTagLength: tagLength })
    decipher.setAAD(associated)
    decipher.setAuthTag(box.subarray(-tagLength))
    try {
      const plaintext = decipher.update(box.subarray(0, -tagLength))
      decipher.final() // nothing more, but throws when the tag does not fit
      return plaintext
    } catch {
      return undefined
    }
  },

  signingKey: (seed) => fromSeed("ed25519", seed),
  verifyingKey: (publicKey) => hide(fromPublic("ed25519", publicKey)),
  // In the event loop, not on libuv's pool: one signature covers a batch, so the 30 and 80 us are spread over many
  // messages under load, and alone they cost less than being handed to another thread and back.
  sign: (key, data) => Effect.sync(() => sign(null, data, show(key))),
  verify: (key, data, signature) => Effect.sync(() => verify(null, data, show(key), signature)),

  agreementKey: (seed) => fromSeed("x25519", seed),
  agree: (own, theirs, info) => {
    const secret = diffieHellman({ privateKey: show(own), publicKey: fromPublic("x25519", theirs) })
    return cipherKey(new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, keyLength)))
  },
  agreeOnce: (theirs) => {
    const pair = createECDH("prime256v1")
    const publicPoint = pair.generateKeys()
    return { publicPoint, secret: pair.computeSecret(exactly(pointLength, theirs)) }
  }
})

export const layer = Layer.succeed(Crypto, crypto)
