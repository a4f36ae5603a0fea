import { createPrivateKey, createPublicKey } from "node:crypto"

/**
 * Ed25519 keys as a NATS server writes them: base32 of kind, key and CRC-16.
 * Source: github.com/nats-io/nkeys, README and strkey.go.
 */
export interface Nkey {
  /** Names the user; not secret. Begins with U. */
  readonly publicKey: string
  /** Signs as the user. Begins with SU. */
  readonly seed: string
}

const seedKind = 18 << 3
const userKind = 20 << 3

/** Of 32 secret bytes. */
export const userOf = (secret: Uint8Array): Nkey => {
  const key = createPrivateKey({ key: Buffer.from(secret), format: "raw-private", asymmetricKeyType: "ed25519" })
  const publicKey = createPublicKey(key).export({ format: "raw-public" })
  return {
    publicKey: encode(Uint8Array.of(userKind, ...publicKey)),
    seed: encode(Uint8Array.of(seedKind | (userKind >> 5), (userKind & 31) << 3, ...secret))
  }
}

const encode = (body: Uint8Array): string => {
  const crc = crc16(body)
  return base32(Uint8Array.of(...body, crc & 0xff, crc >> 8))
}

/** CRC-16/XMODEM. */
const crc16 = (bytes: Uint8Array): number => {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/** RFC 4648, without padding. */
const base32 = (bytes: Uint8Array): string => {
  let text = ""
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += letters[(held >> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + letters[(held << (5 - bits)) & 31]
}
