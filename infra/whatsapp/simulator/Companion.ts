import type { BinaryNode } from "@whiskeysockets/baileys"
import type { Encoding } from "./BinaryNodes.ts"
import type { PreKey, PreKeyBundle, SignedPreKey } from "./PreKeyBundle.ts"

/** The public half of what a client registers with. */
export interface CompanionKeys {
  readonly noise: Buffer
  readonly identity: Buffer
  readonly registrationId: number
  readonly signedPreKey: SignedPreKey
}

/** What a companion needs of its connection. */
export interface Line {
  readonly send: (stanza: BinaryNode, encode?: Encoding) => boolean
  readonly endStream: (code: number) => void
}

/** A stanza that the client has not acknowledged, and how it goes over the wire. */
export interface Kept {
  readonly stanza: BinaryNode
  readonly encode: Encoding | undefined
}

const stanzaKey = (tag: string, id: string | undefined, type: string | undefined) =>
  // A client answers a message with whatever type of receipt it likes, so only the id tells messages apart.
  tag === "message" ? `message ${id}` : `${tag} ${id} ${type ?? ""}`

/** A linked device of a phone. Outlives its connections, and keeps every stanza until the client has acknowledged it. */
export class Companion {
  readonly device: number
  readonly keys: CompanionKeys
  readonly preKeys: Array<PreKey> = []
  signedPreKey: SignedPreKey
  line: Line | undefined
  unlinked = false
  /** Of which contacts it has asked how they are seen, on this line. */
  readonly watched = new Set<string>()
  /** Until then each login brings the phone's history: a client that was killed meanwhile would hold its events back. */
  hasHistory = false
  readonly #receipts = new Map<string, ReadonlyArray<string>>()
  readonly #unacknowledged = new Map<string, ReadonlyArray<Kept>>()
  readonly #refusals = new Set<string>()
  #online = false

  constructor(device: number, keys: CompanionKeys) {
    this.device = device
    this.keys = keys
    this.signedPreKey = keys.signedPreKey
  }

  /** A bundle with one of the uploaded one-time keys, which is then used up. */
  takeBundle(): PreKeyBundle {
    const { registrationId, identity } = this.keys
    return { registrationId, identity, signedPreKey: this.signedPreKey, preKey: this.preKeys.shift() }
  }

  /** Sends the stanza now when the client is online, else when it comes back. False when it waits for that. */
  deliver(stanza: BinaryNode, encode?: Encoding): boolean {
    const key = stanzaKey(stanza.tag, stanza.attrs.id, stanza.attrs.type)
    this.#unacknowledged.set(key, [...(this.#unacknowledged.get(key) ?? []), { stanza, encode }])
    return this.#online && (this.line?.send(stanza, encode) ?? false)
  }

  /** Holds a receipt until there are `count` of its kind; then, and only then, returns their messages' ids. */
  gatherReceipt(kind: string, waMessageId: string, count: number): ReadonlyArray<string> {
    const ids = [...(this.#receipts.get(kind) ?? []), waMessageId]
    this.#receipts.set(kind, ids.length < count ? ids : [])
    return ids.length < count ? [] : ids
  }

  /** One copy of it, the oldest. */
  acknowledge(tag: string, id: string | undefined, type?: string) {
    const key = stanzaKey(tag, id, type)
    const [, ...others] = this.#unacknowledged.get(key) ?? []
    if (others.length === 0) this.#unacknowledged.delete(key)
    else this.#unacknowledged.set(key, others)
  }

  /** A client that asks for a message again refuses, after that, the copy that it could not open. */
  expectRefusal(id: string) {
    this.#refusals.add(id)
  }

  /** A refusal acknowledges a message too, unless its client has asked for it again. */
  refuse(id: string | undefined) {
    if (id === undefined || !this.#refusals.delete(id)) this.acknowledge("message", id)
  }

  attach(line: Line) {
    this.line = line
    this.#refusals.clear() // of copies that went over another line
    this.watched.clear()
    this.#online = false
  }

  /** From now on stanzas are sent as they come; returns those that waited. */
  goOnline(): ReadonlyArray<Kept> {
    this.#online = true
    return this.kept
  }

  /** What is offered again at each login until it is acknowledged. */
  get kept(): ReadonlyArray<Kept> {
    return [...this.#unacknowledged.values()].flat()
  }

  /** The line is gone; it may have been replaced before. */
  detach(line: Line) {
    if (this.line !== line) return
    this.line = undefined
    this.#online = false
  }
}
