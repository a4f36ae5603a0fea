import {
  aesDecryptGCM,
  aesEncryptGCM,
  Curve,
  hkdf,
  type KeyPair,
  NOISE_MODE,
  NOISE_WA_HEADER,
  proto,
  sha256
} from "@whiskeysockets/baileys"
import { present } from "./BinaryNodes.ts"

const nothing = Buffer.alloc(0)

/** What the server shows of itself in every handshake. */
export interface ServerIdentity {
  readonly key: KeyPair
  readonly certificateChain: Uint8Array
}

const expand = (input: Uint8Array, salt: Uint8Array): readonly [Buffer, Buffer] => {
  const keys = Buffer.from(hkdf(input, 64, { salt: Buffer.from(salt), info: "" }))
  return [keys.subarray(0, 32), keys.subarray(32)]
}

/** AES-256-GCM under one key, with a counter as nonce. */
class CounterCipher {
  readonly #key: Uint8Array
  #counter = 0

  constructor(key: Uint8Array) {
    this.#key = key
  }

  encrypt(plain: Uint8Array, associated: Uint8Array): Buffer {
    return aesEncryptGCM(plain, this.#key, this.#nonce(), associated)
  }

  decrypt(sealed: Uint8Array, associated: Uint8Array): Buffer {
    return aesDecryptGCM(sealed, this.#key, this.#nonce(), associated)
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(this.#counter++, 8)
    return nonce
  }
}

/** The server's half of WhatsApp's Noise_XX_25519_AESGCM_SHA256 handshake. Baileys ships only the client's. */
export class NoiseResponder {
  readonly #identity: ServerIdentity
  readonly #ephemeral = Curve.generateKeyPair()
  // The mode's name has exactly 32 bytes, and Noise hashes a name only when it is longer.
  #hash: Buffer = Buffer.from(NOISE_MODE)
  #salt: Uint8Array = this.#hash
  #cipher = new CounterCipher(this.#hash)

  constructor(identity: ServerIdentity) {
    this.#identity = identity
    this.#authenticate(NOISE_WA_HEADER)
  }

  /** Takes the client's hello, returns the server's. */
  hello(frame: Uint8Array): Uint8Array {
    const { clientHello } = proto.HandshakeMessage.decode(frame)
    const clientEphemeral = present(clientHello?.ephemeral, "its ephemeral key")
    this.#authenticate(clientEphemeral)
    this.#authenticate(this.#ephemeral.public)
    this.#mix(Curve.sharedKey(this.#ephemeral.private, clientEphemeral))
    const sealedKey = this.#encrypt(this.#identity.key.public)
    this.#mix(Curve.sharedKey(this.#identity.key.private, clientEphemeral))
    const payload = this.#encrypt(this.#identity.certificateChain)
    const serverHello = { ephemeral: this.#ephemeral.public, static: sealedKey, payload }
    return proto.HandshakeMessage.encode({ serverHello }).finish()
  }

  /** Takes the client's last handshake frame; what it returns has been proven by the client's static key. */
  finish(frame: Uint8Array): NoiseSession {
    const { clientFinish } = proto.HandshakeMessage.decode(frame)
    const clientKey = this.#decrypt(present(clientFinish?.static, "its static key"))
    this.#mix(Curve.sharedKey(this.#ephemeral.private, clientKey))
    const payload = proto.ClientPayload.decode(this.#decrypt(present(clientFinish?.payload, "its payload")))
    const [fromClient, toClient] = expand(nothing, this.#salt)
    return new NoiseSession(clientKey, payload, fromClient, toClient)
  }

  #authenticate(bytes: Uint8Array) {
    this.#hash = Buffer.from(sha256(Buffer.concat([this.#hash, bytes])))
  }

  #mix(secret: Uint8Array) {
    const [salt, key] = expand(secret, this.#salt)
    this.#salt = salt
    this.#cipher = new CounterCipher(key)
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = this.#cipher.encrypt(plain, this.#hash)
    this.#authenticate(sealed)
    return sealed
  }

  #decrypt(sealed: Uint8Array): Buffer {
    const plain = this.#cipher.decrypt(sealed, this.#hash)
    this.#authenticate(sealed)
    return plain
  }
}

/** The encrypted transport that a finished handshake leaves behind. */
export class NoiseSession {
  readonly clientKey: Buffer
  readonly payload: proto.ClientPayload
  readonly #fromClient: CounterCipher
  readonly #toClient: CounterCipher

  constructor(clientKey: Buffer, payload: proto.ClientPayload, fromClient: Uint8Array, toClient: Uint8Array) {
    this.clientKey = clientKey
    this.payload = payload
    this.#fromClient = new CounterCipher(fromClient)
    this.#toClient = new CounterCipher(toClient)
  }

  open(frame: Uint8Array): Buffer {
    return this.#fromClient.decrypt(frame, nothing)
  }

  seal(bytes: Uint8Array): Buffer {
    return this.#toClient.encrypt(bytes, nothing)
  }
}
