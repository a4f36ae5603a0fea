import "./QuietLibsignal.ts"
import {
  type BinaryNode,
  getContentType,
  normalizeMessageContent,
  proto,
  type WAMessage
} from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { fromMillis, Instant } from "#domain/Instant.ts"
import { type Chat, Heard, type HeardContent, Lid, type Person } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { userOf } from "./Addresses.ts"

/** What a stanza of WhatsApp's, opened, says to a person. */

/** Which other address the server has named for whoever has this one. */
export type AlsoKnown = (address: string) => string | undefined

/** Encoded as JSON, so many characters fit the way to the gateway. */
const mostJson = 380_000

const isPhone = Schema.is(PhoneNumber)
const isLid = Schema.is(Lid)
const isInstant = Schema.is(Instant)
const isHeard = Schema.is(Heard)

const kinds = { "g.us": "group", broadcast: "broadcast", newsletter: "channel" } as const

/** What accounts tell their own devices to keep them in step: nobody has said it, and some of it is secret. */
const internal = [
  "appStateFatalExceptionNotification",
  "appStateSyncKeyRequest",
  "appStateSyncKeyShare",
  "historySyncNotification",
  "initialSecurityNotificationSettingSync",
  "peerDataOperationRequestMessage",
  "peerDataOperationRequestResponseMessage"
] as const

export const personOf = (...addresses: ReadonlyArray<string | undefined>): Person | undefined => {
  const users = addresses.map(userOf)
  const phone = users.find((user) => user?.kind === "phone")
  const lid = users.find((user) => user?.kind === "lid")
  const number = phone && `+${phone.name}`
  const person = {
    kind: "person",
    ...(number !== undefined && isPhone(number) && { phone: number }),
    ...(lid !== undefined && isLid(lid.name) && { lid: lid.name })
  } as const
  return "phone" in person || "lid" in person ? person : undefined
}

export const placeOf = (address: string): Chat => {
  const server = address.slice(address.indexOf("@") + 1)
  return {
    kind: Object.entries(kinds).find(([name]) => name === server)?.[1] ?? "other",
    address: address.slice(0, 128)
  }
}

export const instantOf = (seconds: string | undefined): Instant | undefined => {
  if (seconds === undefined || !/^\d{1,11}$/.test(seconds)) return undefined
  const instant = fromMillis(Number(seconds) * 1_000)
  return isInstant(instant) ? instant : undefined
}

const textOf = (message: proto.IMessage): string | undefined =>
  message.conversation ?? message.extendedTextMessage?.text ?? undefined

/** Nothing for what is said to devices and not to people. */
const contentOf = (message: proto.IMessage): HeardContent | undefined => {
  if (internal.some((name) => message.protocolMessage?.[name] != null)) return undefined
  const said = normalizeMessageContent(message) ?? message
  const name = getContentType(said)?.slice(0, 64)
  if (name === undefined) return undefined
  const bytes = proto.Message.encode(message).finish()
  const text = textOf(said)?.toWellFormed()
  const isBare = Object.keys(message).length === 1 && message.conversation != null
  const raw = base64url(bytes)
  const content: HeardContent =
    text === undefined ? { type: "other", name, raw } : { type: "text", text, ...(!isBare && { raw }) }
  return JSON.stringify(content).length <= mostJson ? content : { type: "oversized", name, bytes: bytes.length }
}

/** Who speaks in a stanza, and where. The server says which two addresses are one person's; no client of it can. */
export const whereabouts = ({ attrs }: BinaryNode, { key }: WAMessage, own: Person, alsoKnown: AlsoKnown) => {
  const known = (address: string | null | undefined, also: string | undefined) =>
    address == null ? undefined : personOf(address, also ?? alsoKnown(address))
  const { remoteJid } = key
  if (remoteJid == null) return undefined
  const isDirect = userOf(remoteJid) !== undefined
  const besides = key.fromMe
    ? (attrs.recipient_pn ?? attrs.recipient_lid ?? attrs.peer_recipient_pn ?? attrs.peer_recipient_lid)
    : (key.remoteJidAlt ?? undefined)
  const chat = isDirect ? known(remoteJid, besides) : placeOf(remoteJid)
  const speaker = isDirect ? chat : known(key.participant, key.participantAlt ?? undefined)
  const sender = key.fromMe ? own : speaker
  return chat === undefined || sender?.kind !== "person" ? undefined : { chat, sender }
}

/** What was heard, if it is for people. `opened`: as Baileys has read the stanza, opened or with a stub instead. */
export const factOf = (
  stanza: BinaryNode,
  opened: WAMessage,
  me: { readonly id: string; readonly lid?: string | undefined },
  alsoKnown: AlsoKnown
): Heard | undefined => {
  const isReadable = opened.messageStubType !== proto.WebMessageInfo.StubType.CIPHERTEXT
  const content: HeardContent | undefined = isReadable
    ? opened.message
      ? contentOf(opened.message)
      : undefined
    : { type: "undecryptable" }
  const own = personOf(me.id, me.lid)
  const who = own && whereabouts(stanza, opened, own, alsoKnown)
  if (content === undefined || who === undefined) return undefined
  const sentAt = instantOf(stanza.attrs.t)
  const name = stanza.attrs.notify?.toWellFormed().slice(0, 256)
  const heard = {
    waMessageId: stanza.attrs.id ?? "",
    ...who,
    fromMe: opened.key.fromMe === true,
    ...(sentAt !== undefined && { sentAt }),
    ...(name && { name }),
    content
  }
  return isHeard(heard) ? heard : undefined
}
