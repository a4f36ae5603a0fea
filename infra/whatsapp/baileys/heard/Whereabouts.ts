import type { BinaryNode, proto } from "@whiskeysockets/baileys"
import type { Chat, Person } from "#domain/inbound/Heard.ts"
import { userOf } from "../addresses/User.ts"
import { type AlsoKnown, isPerson, isSame, personOf, placeOf } from "./People.ts"

/** Who speaks, and where. */
export interface Whereabouts {
  readonly chat: Chat
  readonly sender: Person
  /** The account itself speaks, from its phone or another of its devices. */
  readonly fromMe: boolean
  readonly own: Person
  readonly alsoKnown: AlsoKnown
  /** The server says that it does, as an administrator, something to what another has said. */
  readonly byAdmin: boolean
}

/** As Baileys names a message, with the other addresses of who speaks, where the stanza has them. */
export interface Key extends proto.IMessageKey {
  readonly remoteJidAlt?: string | null | undefined
  readonly participantAlt?: string | null | undefined
}

/**
 * `attrs`: of the stanza; empty for what comes without one. The server says which two addresses are one person's; no client
 * of it can. Nothing when no address says who speaks.
 */
export const whereaboutsOf = (
  key: Key,
  attrs: BinaryNode["attrs"],
  own: Person,
  alsoKnown: AlsoKnown
): Whereabouts | undefined => {
  const known = (address: string | null | undefined, also: string | null | undefined) =>
    address == null ? undefined : personOf(address, also ?? alsoKnown(address))
  const { participant, participantAlt, remoteJid, remoteJidAlt } = key
  if (remoteJid == null) return undefined
  const isDirect = userOf(remoteJid) !== undefined
  const besides = key.fromMe
    ? (attrs.recipient_pn ?? attrs.recipient_lid ?? attrs.peer_recipient_pn ?? attrs.peer_recipient_lid)
    : remoteJidAlt
  const chat = isDirect ? known(remoteJid, besides) : placeOf(remoteJid)
  if (chat === undefined) return undefined
  const speaker = isPerson(chat) ? chat : known(participant, participantAlt)
  // by its LID, Baileys does not know the account again in a list of recipients
  const fromMe = key.fromMe === true || (!isDirect && speaker !== undefined && isSame(speaker, own))
  const sender = fromMe ? own : speaker
  return sender && { chat, sender, fromMe, own, alsoKnown, byAdmin: attrs.edit === "8" }
}
