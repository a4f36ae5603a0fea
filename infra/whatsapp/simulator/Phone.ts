import type { proto } from "@whiskeysockets/baileys"
import { Companion, type CompanionKeys } from "./Companion.ts"
import type { SentOnce } from "./IncomingMessage.ts"
import type { Shelf } from "./Newest.ts"
import { SignalPeer } from "./SignalPeer.ts"

/** A message as its recipient sees it. More than one copy under one id is what a real client shows once. */
export interface InboxEntry {
  readonly waMessageId: string
  readonly from: string
  readonly text: string | undefined
  readonly content: proto.IMessage
  readonly copies: number
}

/** A message that the phone has from before a device was linked, and with whom; or who wrote it, in a group. */
export interface Past {
  readonly chunk: "initial" | "recent" | "full"
  readonly other: Phone
  readonly info: proto.IWebMessageInfo
}

/** A simulated phone: a contact, and an account as soon as a companion is linked to it. */
export class Phone {
  /** Digits only, without the plus sign. */
  readonly number: string
  readonly lid: string
  readonly name: string
  readonly companions = new Map<number, Companion>()
  readonly past: Array<Past> = []
  /** What this phone has sent to accounts, by id, for a client that asks for it again. */
  readonly sent: Shelf<SentOnce>
  /** Of its chats, by the contact's number: after how long messages disappear, and since when. */
  readonly timers = new Map<string, { readonly seconds: number; readonly since: string }>()
  readonly #inbox: Shelf<InboxEntry>
  readonly #hasKey = new Set<string>()
  #signal: SignalPeer | undefined
  #lastDevice = 0

  constructor(number: string, shelves: { readonly inbox: Shelf<InboxEntry>; readonly sent: Shelf<SentOnce> }) {
    this.#inbox = shelves.inbox
    this.sent = shelves.sent
    this.number = number
    this.lid = `1${number.padStart(14, "0")}`
    this.name = `Simulated ${number.slice(-4)}`
  }

  /** Made on first use: most numbers that a client looks up never get a message. */
  get signal(): SignalPeer {
    this.#signal ??= new SignalPeer()
    return this.#signal
  }

  get jid() {
    return `${this.number}@s.whatsapp.net`
  }

  get lidJid() {
    return `${this.lid}@lid`
  }

  deviceJid(device: number) {
    return `${this.number}:${device}@s.whatsapp.net`
  }

  deviceLidJid(device: number) {
    return `${this.lid}:${device}@lid`
  }

  get linked(): ReadonlyArray<Companion> {
    return [...this.companions.values()].filter((companion) => !companion.unlinked)
  }

  get inbox(): ReadonlyArray<InboxEntry> {
    return this.#inbox.values()
  }

  /** A device number for a companion that is about to be linked; none is ever used twice. */
  reserveDevice(): number {
    this.#lastDevice += 1
    return this.#lastDevice
  }

  link(device: number, keys: CompanionKeys): Companion {
    const companion = new Companion(device, keys)
    this.companions.set(device, companion)
    return companion
  }

  received(waMessageId: string): InboxEntry | undefined {
    return this.#inbox.get(waMessageId)
  }

  /** Whether a device has yet to get this phone's key for a group; it has it from now on. */
  givesKey(group: string, deviceJid: string): boolean {
    const gives = !this.#hasKey.has(`${group} ${deviceJid}`)
    this.#hasKey.add(`${group} ${deviceJid}`)
    return gives
  }

  /** Adds a copy to the inbox; returns how many there are now. */
  receive(message: Omit<InboxEntry, "copies">): number {
    const copies = (this.#inbox.get(message.waMessageId)?.copies ?? 0) + 1
    this.#inbox.set(message.waMessageId, { ...message, copies })
    return copies
  }
}
