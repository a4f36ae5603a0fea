import "../baileys/QuietLibsignal.ts"
import {
  addTransactionCapability,
  type BinaryNode,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  encodeWAMessage,
  initAuthCreds,
  proto,
  unpadRandomMax16
} from "@whiskeysockets/baileys"
import pino from "pino"
import { element } from "./BinaryNodes.ts"
import { memoryKeys } from "./MemoryKeys.ts"
import { type PreKeyBundle, toSession } from "./PreKeyBundle.ts"
import { Serial } from "./Serial.ts"

const silent = pino({ level: "silent" })

/** One phone's end of every Signal session, with a real key store. */
export class SignalPeer {
  readonly #creds = initAuthCreds()
  readonly #keys = addTransactionCapability(memoryKeys(), silent, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  readonly #repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds: this.#creds, keys: this.#keys },
    silent,
    async () => undefined
  )
  // Starting a session and encrypting into it must not interleave with another message to the same device.
  readonly #outgoing = new Serial()
  #nextPreKeyId = 1

  get identity() {
    return this.#creds.signedIdentityKey
  }

  /** A bundle with a fresh one-time key, as the server would hand it out. */
  async takeBundle(): Promise<PreKeyBundle> {
    const id = this.#nextPreKeyId++
    const pair = Curve.generateKeyPair()
    await this.#keys.set({ "pre-key": { [id]: pair } })
    const { keyId, keyPair, signature } = this.#creds.signedPreKey
    return {
      registrationId: this.#creds.registrationId,
      identity: this.identity.public,
      signedPreKey: { id: keyId, key: keyPair.public, signature },
      preKey: { id, key: pair.public }
    }
  }

  /** Decrypts an <enc> element. Rejects when no session opens it, as after a ratchet that went back in time. */
  async decrypt(fromJid: string, enc: BinaryNode): Promise<proto.Message> {
    if (!(enc.content instanceof Uint8Array)) throw new Error("the client left out the ciphertext")
    const type = enc.attrs.type === "pkmsg" ? "pkmsg" : "msg"
    const padded = await this.#repository.decryptMessage({ jid: fromJid, type, ciphertext: enc.content })
    return proto.Message.decode(unpadRandomMax16(padded))
  }

  /** Forgets what it had with a device and starts anew from its bundle. */
  restart(jid: string, bundle: PreKeyBundle): Promise<void> {
    return this.#outgoing.run(async () => {
      await this.#repository.deleteSession([jid])
      await this.#repository.injectE2ESession({ jid, session: toSession(bundle) })
    })
  }

  /** Encrypts for one device; takes a bundle only when there is no session yet. */
  encrypt(toJid: string, message: proto.IMessage, takeBundle: () => PreKeyBundle): Promise<BinaryNode> {
    return this.#outgoing.run(async () => {
      if (!(await this.#repository.validateSession(toJid)).exists) {
        await this.#repository.injectE2ESession({ jid: toJid, session: toSession(takeBundle()) })
      }
      const { type, ciphertext } = await this.#repository.encryptMessage({ jid: toJid, data: encodeWAMessage(message) })
      return element("enc", { v: "2", type }, ciphertext)
    })
  }

  /** Encrypts once for a whole group; `key` is what a device needs to open it. */
  encryptForGroup(group: string, ownJid: string, message: proto.IMessage) {
    return this.#outgoing.run(async () => {
      const data = encodeWAMessage(message)
      const sealed = await this.#repository.encryptGroupMessage({ group, meId: ownJid, data })
      return {
        enc: element("enc", { v: "2", type: "skmsg" }, sealed.ciphertext),
        key: sealed.senderKeyDistributionMessage
      }
    })
  }
}
