import { randomBytes } from "node:crypto"
import { deflateSync } from "node:zlib"
import { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import { Count, Id, Text } from "./content/Members.ts"
import { prepare } from "./Incoming.ts"
import { IncomingMessage, type SentOnce } from "./IncomingMessage.ts"
import type { Network } from "./Network.ts"
import type { Past, Phone } from "./Phone.ts"
import { PhoneNumber } from "./PhoneNumber.ts"
import { talkOf } from "./Talk.ts"

/** What a chat shows beside its messages, as WhatsApp's own clients keep it. */
const Stub = Schema.Struct({
  kind: Schema.Literal("stub"),
  from: PhoneNumber,
  to: PhoneNumber,
  group: Schema.optionalKey(Id),
  waMessageId: Schema.optionalKey(Id),
  at: Schema.optionalKey(Count),
  stub: Schema.Literals(
    Object.keys(proto.WebMessageInfo.StubType) as Array<keyof typeof proto.WebMessageInfo.StubType>
  ),
  parameters: Schema.optionalKey(Schema.Array(Text))
})

/** What an account's phone has from before; devices that are linked get it at once, others when they are. */
export const Memories = Schema.Struct({
  of: PhoneNumber,
  chunk: Schema.optionalKey(Schema.Literals(["initial", "recent", "full"])),
  messages: Schema.Array(Schema.Union([...IncomingMessage.members, Stub]))
})
export type Memories = typeof Memories.Type

const types = {
  initial: proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP,
  recent: proto.HistorySync.HistorySyncType.RECENT,
  full: proto.HistorySync.HistorySyncType.FULL
}

/** Resolves with the ids. Rejects for what cannot be said, and for a message that is not the account's. */
export const remember = async (network: Network, { chunk = "initial", messages, of }: Memories) => {
  const account = network.directory.phone(of)
  if (messages.some(({ to }) => to !== of)) throw new Error("a message of another account")
  const past = messages.map((message) => pastOf(network, chunk, message))
  account.past.push(...past)
  for (const { info, other } of past) {
    const text = info.message?.conversation
    network.record.add("remembered", {
      account: of,
      contact: other.number,
      ...(info.key?.id && { waMessageId: info.key.id }),
      ...(typeof text === "string" && { text })
    })
  }
  for (const companion of account.linked) await sendHistory(network, account, companion, chunk, past)
  return past.map(({ info }) => info.key?.id ?? "")
}

const pastOf = (network: Network, chunk: Past["chunk"], message: Memories["messages"][number]): Past => {
  const talk = talkOf(network, message)
  const { account, addressOf, group, peer, sender } = talk
  const other = sender === account ? peer : sender
  const key = { remoteJid: group?.id ?? addressOf(other), fromMe: sender === account }
  const participant = group && { participant: addressOf(sender) }
  const common = { pushName: sender.name, ...participant }
  if (message.kind === "stub") {
    const { at, parameters = [], stub, waMessageId: id = randomBytes(8).toString("hex").toUpperCase() } = message
    const said = { messageStubType: proto.WebMessageInfo.StubType[stub], messageStubParameters: [...parameters] }
    const messageTimestamp = at ?? Number(unixSeconds())
    return { chunk, other, info: { ...common, ...said, key: { ...key, ...participant, id }, messageTimestamp } }
  }
  const sent = asBefore(prepare(network, talk, message), sender)
  sender.sent.set(sent.waMessageId, sent)
  const said = { message: sent.content, messageTimestamp: Number(sent.at) }
  return { chunk, other, info: { ...common, ...said, key: { ...key, ...participant, id: sent.waMessageId } } }
}

/** What was sent under this id already keeps its secret. */
const asBefore = (sent: SentOnce, sender: Phone): SentOnce => {
  const messageContextInfo = sender.sent.get(sent.waMessageId)?.content.messageContextInfo
  return messageContextInfo ? { ...sent, content: { ...sent.content, messageContextInfo } } : sent
}

/** One chunk, enclosed as it is or uploaded: a real phone uploads any but a small one. */
export const sendHistory = async (
  network: Network,
  account: Phone,
  companion: Companion,
  chunk: Past["chunk"],
  past: ReadonlyArray<Past>
) => {
  const syncType = types[chunk]
  const history = proto.HistorySync.encode({
    syncType,
    chunkOrder: 1,
    progress: 100,
    conversations: conversationsOf(network, account, chunk, past),
    phoneNumberToLidMappings: network.directory.phones.map(({ jid, lidJid }) => ({ pnJid: jid, lidJid }))
  }).finish()
  const packed = deflateSync(history)
  const place = network.faults.historyUploaded
    ? await network.uploads.put(packed)
    : { initialHistBootstrapInlinePayload: packed }
  await sendFromPhone(account, companion, {
    type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
    historySyncNotification: {
      syncType,
      chunkOrder: 1,
      progress: 100,
      ...place
    }
  })
  const facts = { account: account.number, device: companion.device }
  network.record.add("history", { ...facts, detail: `${chunk} ${past.length}` })
}

const conversationsOf = (
  network: Network,
  account: Phone,
  chunk: Past["chunk"],
  past: ReadonlyArray<Past>
): Array<proto.IConversation> => {
  const chats = new Map<string, proto.IConversation>()
  const peopleOf = ({ jid, lidJid }: Phone) => ({ pnJid: jid, lidJid })
  if (chunk === "initial") {
    for (const [contact, { seconds, since }] of account.timers) {
      const phone = network.directory.phone(contact)
      const timer = { ephemeralExpiration: seconds, ephemeralSettingTimestamp: Number(since) }
      chats.set(phone.lidJid, { id: phone.lidJid, ...peopleOf(phone), ...timer, messages: [] })
    }
  }
  // The newest first, as phones have it.
  for (const { info, other } of past.toReversed()) {
    const id = info.key?.remoteJid ?? ""
    const group = network.groups.find(id)
    const chat = chats.get(id) ?? { id, ...(group ? { name: group.subject } : peopleOf(other)), messages: [] }
    chats.set(id, { ...chat, messages: [...(chat.messages ?? []), { message: info }] })
  }
  return [...chats.values()]
}

/** What a phone tells its own devices. */
export const sendFromPhone = async (
  phone: Phone,
  companion: Companion,
  protocolMessage: proto.Message.IProtocolMessage
) => {
  const to = phone.deviceJid(companion.device)
  const enc = await phone.signal.encrypt(to, { protocolMessage }, () => companion.takeBundle())
  const id = `3EB0${randomBytes(9).toString("hex").toUpperCase()}`
  const attributes = { id, from: phone.jid, type: "text", category: "peer", t: unixSeconds(), notify: phone.name }
  companion.deliver(element("message", attributes, [enc]))
}
