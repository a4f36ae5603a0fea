import { randomBytes } from "node:crypto"
import { type BinaryNode, proto } from "@whiskeysockets/baileys"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import type { IncomingMessage, SentOnce } from "./IncomingMessage.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"
import { readEnclosedBundle } from "./PreKeyBundle.ts"

/** From now on the messages of a contact's chat with an account disappear after so many seconds; 0: they stay. */
export interface ChatTimer extends Pick<IncomingMessage, "from" | "to" | "addressing"> {
  readonly seconds: number
}

/** Sends to every linked device that a contact has set a timer; a device linked later has it from the phone's history. */
export const setTimer = async (network: Network, { seconds, ...chat }: ChatTimer): Promise<void> => {
  network.directory.phone(chat.to).timers.set(chat.from, { seconds, since: unixSeconds() })
  if (network.directory.phone(chat.to).linked.length === 0) return
  const protocolMessage = { type: Type.EPHEMERAL_SETTING, ephemeralExpiration: seconds }
  await sendAll(network, { ...chat, text: "" }, { protocolMessage })
}

const { Type } = proto.Message.ProtocolMessage

const contentOf = ({ disappearsAfter, text }: IncomingMessage): proto.IMessage =>
  disappearsAfter === undefined
    ? { conversation: text }
    : { extendedTextMessage: { text, contextInfo: { expiration: disappearsAfter } } }

/** Sends a text from a contact to every linked device of an account. Resolves with its id; rejects without a device. */
export const sendIncoming = (network: Network, message: IncomingMessage): Promise<string> =>
  sendAll(network, message, contentOf(message))

const sendAll = async (network: Network, message: IncomingMessage, content: proto.IMessage): Promise<string> => {
  const contact = network.directory.phone(message.from)
  const account = network.directory.phone(message.to)
  if (account.linked.length === 0) throw new Error("no device is linked to this account")
  const waMessageId = `3A${randomBytes(9).toString("hex").toUpperCase()}`
  contact.sent.set(waMessageId, { ...message, content })
  for (const companion of account.linked)
    await sendTo(contact, account, companion, waMessageId, { ...message, content })
  network.record.add("incoming", { waMessageId, account: message.to, contact: message.from, text: message.text })
  return waMessageId
}

/** The client could not open a contact's message: the contact encrypts it anew, under its id, as a real one does. */
export const resend = async (network: Network, account: Phone, companion: Companion, receipt: BinaryNode) => {
  const { id = "", to = "" } = receipt.attrs
  const contact = network.directory.find(to)
  const message = contact?.sent.get(id)
  if (!contact || !message) return
  const bundle = readEnclosedBundle(receipt)
  if (bundle) await contact.signal.restart(account.deviceJid(companion.device), bundle)
  await sendTo(contact, account, companion, id, message)
}

const sendTo = async (contact: Phone, account: Phone, companion: Companion, id: string, message: SentOnce) => {
  const { content, addressing = "lid" } = message
  const sender =
    addressing === "lid"
      ? { from: contact.lidJid, sender_pn: contact.jid, addressing_mode: "lid" }
      : { from: contact.jid, sender_lid: contact.lidJid }
  const deviceJid = account.deviceJid(companion.device)
  const enc = await contact.signal.encrypt(deviceJid, content, () => companion.takeBundle())
  companion.deliver(element("message", { id, ...sender, type: "text", t: unixSeconds(), notify: contact.name }, [enc]))
}
