import { AsyncLocalStorage } from "node:async_hooks"
import { aesDecryptGCM, Curve, hkdf, NOISE_MODE } from "@whiskeysockets/baileys"

/**
 * The key that the server's frames are under. Baileys keeps it to itself, and tells nothing of a frame that it has opened
 * and cannot read. It follows from what client and server agree on in the handshake, and only from that.
 */
export interface TransportKey {
  /** Runs a connection's work, its handshake included. */
  readonly watch: <A>(work: () => A) => A
  /** Opens the nth frame after the handshake. Throws when it is not under this key. */
  readonly open: (frame: Uint8Array, n: number) => Buffer
}

const agreements = 3
const keyBytes = 32
const listening = new AsyncLocalStorage<Array<Uint8Array>>()

const { sharedKey } = Curve
Curve.sharedKey = (privateKey, publicKey) => {
  const secret = sharedKey(privateKey, publicKey)
  const secrets = listening.getStore()
  if (secrets !== undefined && secrets.length < agreements) secrets.push(secret)
  return secret
}

const derive = (secret: Uint8Array, salt: Buffer) => Buffer.from(hkdf(secret, 2 * keyBytes, { salt, info: "" }))

export const make = (): TransportKey => {
  const secrets: Array<Uint8Array> = []
  let key: Buffer | undefined

  const derived = () => {
    let salt: Buffer = Buffer.from(NOISE_MODE)
    for (const secret of secrets) salt = derive(secret, salt).subarray(0, keyBytes)
    return derive(new Uint8Array(0), salt).subarray(keyBytes)
  }

  return {
    watch: (work) => listening.run(secrets, work),
    open: (frame, n) => {
      key ??= derived()
      const iv = Buffer.alloc(12)
      iv.writeUInt32BE(n, 8)
      return aesDecryptGCM(frame, key, iv, new Uint8Array(0))
    }
  }
}
