import { Context, type Effect } from "effect"

/** Keys are opaque: they can be used, not read or printed. */
declare const opaque: unique symbol
export interface MacKey {
  readonly [opaque]: "MacKey"
}
export interface CipherKey {
  readonly [opaque]: "CipherKey"
}
export interface SigningKey {
  readonly [opaque]: "SigningKey"
}
export interface VerifyingKey {
  readonly [opaque]: "VerifyingKey"
}
export interface AgreementKey {
  readonly [opaque]: "AgreementKey"
}

/** What AES-256-GCM leaves: a 12-byte random nonce, and the ciphertext with its 16-byte tag at the end. */
export interface Box {
  readonly iv: Uint8Array
  readonly box: Uint8Array
}

export type DigestText = "hex" | "base64url"

/** The primitives Homing is built from. One adapter; a port, because the domain imports no platform. */
export class Crypto extends Context.Service<
  Crypto,
  {
    readonly random: (bytes: number) => Uint8Array
    readonly sha256: (data: Uint8Array) => Uint8Array
    /** As text, since ids are made of it. */
    readonly sha1: (data: Uint8Array, as: DigestText) => string

    readonly macKey: (key: Uint8Array) => MacKey
    /** HMAC-SHA-256. */
    readonly mac: (key: MacKey, data: Uint8Array, as: DigestText) => string
    /** Constant-time for equal lengths. */
    readonly equal: (a: Uint8Array, b: Uint8Array) => boolean

    /** Of 32 bytes. */
    readonly cipherKey: (key: Uint8Array) => CipherKey
    readonly encrypt: (key: CipherKey, plaintext: Uint8Array, associated: Uint8Array) => Box
    /** `undefined` when key, associated data or box are not the ones it was made with. */
    readonly decrypt: (key: CipherKey, box: Box, associated: Uint8Array) => Uint8Array | undefined

    /** Ed25519 from a 32-byte seed; public keys are 32 raw bytes. */
    readonly signingKey: (seed: Uint8Array) => { readonly key: SigningKey; readonly publicKey: Uint8Array }
    readonly verifyingKey: (publicKey: Uint8Array) => VerifyingKey
    readonly sign: (key: SigningKey, data: Uint8Array) => Effect.Effect<Uint8Array>
    readonly verify: (key: VerifyingKey, data: Uint8Array, signature: Uint8Array) => Effect.Effect<boolean>

    /** X25519 from a 32-byte seed; public keys are 32 raw bytes. */
    readonly agreementKey: (seed: Uint8Array) => { readonly key: AgreementKey; readonly publicKey: Uint8Array }
    /** The key that two parties share, by HKDF-SHA-256 of their agreement, bound to `info`. */
    readonly agree: (own: AgreementKey, theirs: Uint8Array, info: string) => CipherKey
    /**
     * ECDH on P-256 with this public point, by a pair that is made for it and forgotten: its public point, and the 32 bytes
     * that both sides share. Points are 65 bytes, uncompressed. Throws on one that is not on the curve.
     */
    readonly agreeOnce: (theirs: Uint8Array) => { readonly publicPoint: Uint8Array; readonly secret: Uint8Array }
  }
>()("homing/domain/ports/Crypto") {}
