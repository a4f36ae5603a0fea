import { randomBytes } from "node:crypto"
import { type BinaryNode, getBinaryNodeChild } from "@whiskeysockets/baileys"
import { unixSeconds } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import { compose } from "./content/Content.ts"
import { inContext, jsonOf, textOf } from "./content/Context.ts"
import { hand } from "./Handing.ts"
import type { IncomingMessage, SentOnce } from "./IncomingMessage.ts"
import { type How, stanzaFor } from "./IncomingStanza.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"
import { readEnclosedBundle } from "./PreKeyBundle.ts"
import { hearers, referenceIn, type Talk, talkOf } from "./Talk.ts"

/** From now on the messages of a contact's chat with an account disappear after so many seconds; 0: they stay. */
export interface ChatTimer extends Pick<IncomingMessage, "from" | "to" | "addressing"> {
  readonly seconds: number
}

/** Sends to every linked device that a contact has set a timer; a device linked later has it from the phone's history. */
export const setTimer = async (network: Network, timer: ChatTimer): Promise<void> => {
  const account = network.directory.phone(timer.to)
  account.timers.set(timer.from, { seconds: timer.seconds, since: unixSeconds() })
  if (account.linked.length > 0) await sendIncoming(network, { kind: "timer", ...timer })
}

/**
 * Sends a message from a contact, or from the account's own phone, to every linked device of an account, in a group of
 * each member. Resolves with its id. Rejects without a device, and for what cannot be said.
 */
export const sendIncoming = async (network: Network, message: IncomingMessage): Promise<string> => {
  const talk = talkOf(network, message)
  if (talk.account.linked.length === 0) throw new Error("no device is linked to this account")
  const sent = prepare(network, talk, message)
  talk.sender.sent.set(sent.waMessageId, sent)
  for (const account of hearers(network, talk)) {
    for (const companion of account.linked) {
      await sendTo(network, talk, sent, account, companion, { unreadable: isUnreadable(sent, 0) })
    }
  }
  observeIncoming(network, sent)
  return sent.waMessageId
}

/** What is said, as its sender's phone has it. */
export const prepare = (network: Network, talk: Talk, message: IncomingMessage): SentOnce => {
  const { disappearsAfter, mentions, quotes } = message
  const find = referenceIn(network, talk)
  const quoted = quotes === undefined ? undefined : find(quotes)
  const context = {
    ...(quoted && {
      stanzaId: quotes,
      participant: quoted.author,
      quotedMessage: quoted.content ?? { conversation: "" }
    }),
    ...(mentions && { mentionedJid: mentions.map((number) => talk.addressOf(network.directory.phone(number))) }),
    ...(disappearsAfter !== undefined && { expiration: disappearsAfter })
  }
  return {
    waMessageId: message.waMessageId ?? `3A${randomBytes(9).toString("hex").toUpperCase()}`,
    message,
    content: inContext(compose(message, { speaker: talk.addressOf(talk.sender), find }), context),
    at: message.at === undefined ? unixSeconds() : String(message.at),
    stanzas: new Map()
  }
}

const observeIncoming = ({ record }: Network, { content, message, waMessageId }: SentOnce) => {
  const text = textOf(content)
  record.add("incoming", {
    waMessageId,
    account: message.to,
    contact: message.from,
    ...(message.group !== undefined && { group: message.group }),
    ...(text !== undefined && { text }),
    ...(typeof content.conversation !== "string" && { content: jsonOf(content) })
  })
}

const isUnreadable = ({ message: { unreadable = 0 } }: SentOnce, asked: number) => asked < unreadable

const sendTo = async (network: Network, talk: Talk, sent: SentOnce, account: Phone, companion: Companion, how: How) => {
  const stanza = await stanzaFor(sent, talk, { account, companion }, how)
  sent.stanzas.set(account.deviceJid(companion.device), stanza)
  hand(network, account, companion, stanza)
}

/** The client could not open a message: its sender encrypts it anew, under its id, as a real one does. */
export const resend = async (network: Network, account: Phone, companion: Companion, receipt: BinaryNode) => {
  const { id = "", participant, to = "" } = receipt.attrs
  const sender = network.directory.find(participant ?? to)
  const sent = sender?.sent.get(id)
  if (!sender || !sent) return
  const bundle = readEnclosedBundle(receipt)
  if (bundle) await sender.signal.restart(account.deviceJid(companion.device), bundle)
  companion.expectRefusal(id)
  const asked = Number(getBinaryNodeChild(receipt, "retry")?.attrs.count ?? 1)
  const how = { alone: true, unreadable: isUnreadable(sent, asked) }
  await sendTo(network, talkOf(network, sent.message), sent, account, companion, how)
}

export interface Repetition {
  /** The account's number. */
  readonly to: string
  readonly waMessageId: string
  /** `same`: the very stanza, as a server that missed the receipt; `anew`: encrypted once more, as a phone would. */
  readonly how: "same" | "anew"
}

/** Sends a message once more to each device of an account. Rejects when nobody has sent it. */
export const sendAgain = async (network: Network, { how, to, waMessageId }: Repetition): Promise<void> => {
  const sent = network.directory.phones.find((phone) => phone.sent.get(waMessageId))?.sent.get(waMessageId)
  if (!sent) throw new Error("no such message")
  const account = network.directory.phone(to)
  const talk = talkOf(network, sent.message)
  for (const companion of account.linked) {
    const before = sent.stanzas.get(account.deviceJid(companion.device))
    if (how === "anew" || !before) await sendTo(network, talk, sent, account, companion, { alone: true })
    else hand(network, account, companion, before)
  }
}
