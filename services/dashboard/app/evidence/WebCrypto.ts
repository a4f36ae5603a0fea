import { sha256 } from "@noble/hashes/sha2.js"
import { Effect } from "effect"
import { Crypto, type VerifyingKey } from "#domain/ports/Crypto.ts"

/** As much of the port as checking evidence needs: digests, and Ed25519 as the browser itself has it. */

export class NoVerifying extends Error {
  override readonly name = "NoVerifying"
}

const missing = (): never => {
  throw new Error("a browser only verifies")
}

type Imported = Promise<CryptoKey>
const hide = (key: Imported) => key as unknown as VerifyingKey
const show = (key: VerifyingKey) => key as unknown as Imported

/** Over plain http the browser gives its algorithms to no page but those of its own machine. */
const subtle = (): SubtleCrypto => {
  if (!globalThis.isSecureContext) {
    throw new NoVerifying("This page came over plain http: the browser verifies signatures only over https.")
  }
  return globalThis.crypto.subtle
}

const own = (bytes: Uint8Array) => new Uint8Array(bytes)

export const webCrypto = Crypto.of({
  random: missing,
  sha256: (data) => sha256(data),
  sha1: missing,
  macKey: missing,
  mac: missing,
  equal: (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]),
  cipherKey: missing,
  encrypt: missing,
  decrypt: missing,
  signingKey: missing,
  verifyingKey: (publicKey) => {
    const key = subtle().importKey("raw", own(publicKey), "Ed25519", false, ["verify"])
    key.catch(() => {}) // said where it is used
    return hide(key)
  },
  sign: missing,
  verify: (key, data, signature) =>
    Effect.promise(async () => subtle().verify("Ed25519", await show(key), own(signature), own(data))),
  agreementKey: missing,
  agree: missing,
  agreeOnce: missing
})
