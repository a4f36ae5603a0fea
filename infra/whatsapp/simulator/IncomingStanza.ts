import type { BinaryNode } from "@whiskeysockets/baileys"
import { element } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import { typeOf } from "./content/Content.ts"
import type { SentOnce } from "./IncomingMessage.ts"
import type { Phone } from "./Phone.ts"
import type { Talk } from "./Talk.ts"

export interface Receiver {
  readonly account: Phone
  readonly companion: Companion
}

export interface How {
  /** Encrypted for this device alone, as what is sent again is also in a group. */
  readonly alone?: boolean
  readonly unreadable?: boolean
}

/** The stanza with which a message comes to one device. */
export const stanzaFor = async (
  sent: SentOnce,
  talk: Talk,
  { account, companion }: Receiver,
  { alone = false, unreadable = false }: How = {}
): Promise<BinaryNode> => {
  const { content, message, waMessageId } = sent
  const { addressOf, group, peer, sender } = talk
  const deviceJid = account.deviceJid(companion.device)
  const encrypted = (said: typeof content) => sender.signal.encrypt(deviceJid, said, () => companion.takeBundle())
  const attributes = {
    id: waMessageId,
    ...addresses(talk, account),
    addressing_mode: message.addressing ?? "lid",
    type: typeOf(message),
    edit: editOf(sent),
    t: sent.at,
    notify: message.pushName ?? sender.name
  }
  const parts: Array<BinaryNode> = []
  if (group === undefined) {
    const own = { deviceSentMessage: { destinationJid: addressOf(peer), message: content } }
    parts.push(await encrypted(sender === account ? own : content))
  } else {
    const { enc, key } = await sender.signal.encryptForGroup(group.id, addressOf(sender), content)
    const handout = { senderKeyDistributionMessage: { groupId: group.id, axolotlSenderKeyDistributionMessage: key } }
    if (alone) parts.push(await encrypted({ ...content, ...handout }))
    else {
      if (sender.givesKey(group.id, deviceJid)) parts.push(await encrypted(handout))
      parts.push(enc)
    }
  }
  const last = parts.pop()!
  return element("message", attributes, [...parts, unreadable ? spoilt(last) : last])
}

const addresses = ({ addressOf, group, otherAddressOf, peer, sender }: Talk, account: Phone) => {
  const from = addressOf(sender)
  const other = otherAddressOf(sender)
  const kind = other.endsWith("@lid") ? "lid" : "pn"
  if (group) return { from: group.id, participant: from, [`participant_${kind}`]: other }
  if (sender !== account) return { from, [`sender_${kind}`]: other }
  return { from, recipient: addressOf(peer), [`peer_recipient_${kind}`]: otherAddressOf(peer) }
}

/** What a server may know of a change to another message. */
const editOf = ({ content, message }: SentOnce): string | undefined => {
  if (message.kind === "edit") return "1"
  if (message.kind === "pin") return "2"
  if (message.kind === "delete") return content.protocolMessage?.key?.fromMe ? "7" : "8"
  return undefined
}

// Near the end, but before the numbers with which a first message of a session ends: the signature no longer fits.
const spoilt = (enc: BinaryNode): BinaryNode => {
  const bytes = Buffer.from(enc.content as Uint8Array)
  const at = bytes.length - 20
  bytes[at] = bytes[at]! ^ 0xff
  return { ...enc, content: bytes }
}
