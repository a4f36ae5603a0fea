import type { Reference } from "./content/Reference.ts"
import type { Group } from "./Groups.ts"
import type { IncomingMessage } from "./IncomingMessage.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"

/** Who speaks, to whom and where. */
export interface Talk {
  readonly sender: Phone
  readonly account: Phone
  /** With whom the sender talks, unless it is in a group. */
  readonly peer: Phone
  readonly group: Group | undefined
  readonly addressOf: (phone: Phone) => string
  readonly otherAddressOf: (phone: Phone) => string
  /** The chat, as its sender sees it. */
  readonly chat: string
}

type Parties = Pick<IncomingMessage, "from" | "to" | "group" | "chat" | "addressing">

/** Throws when there is no such group, or somebody is not in it. */
export const talkOf = ({ directory, groups }: Network, parties: Parties): Talk => {
  const { from, to, group: id, addressing = "lid" } = parties
  const sender = directory.phone(from)
  const account = directory.phone(to)
  const peer = sender === account ? directory.phone(parties.chat ?? to) : account
  const group = id === undefined ? undefined : groups.find(id)
  if (id !== undefined && !group) throw new Error("no such group")
  if (group && !(group.members.has(from) && group.members.has(to))) throw new Error("not a member of this group")
  const addressOf = ({ jid, lidJid }: Phone) => (addressing === "lid" ? lidJid : jid)
  const otherAddressOf = ({ jid, lidJid }: Phone) => (addressing === "lid" ? jid : lidJid)
  return { sender, account, peer, group, addressOf, otherAddressOf, chat: group?.id ?? addressOf(peer) }
}

/** Whose devices hear it: the account's, in a group those of each member. */
export const hearers = ({ directory }: Network, { account, group }: Talk): ReadonlyArray<Phone> =>
  group ? [...group.members.keys()].map((number) => directory.phone(number)) : [account]

/** A message that is spoken of. One that nobody here knows is taken for the speaker's own. */
export const referenceIn =
  ({ directory }: Network, { account, addressOf, chat, group, peer, sender }: Talk) =>
  (id: string): Reference => {
    const present = group ? [...group.members.keys()].map((number) => directory.phone(number)) : [sender, peer]
    const other = sender === account ? peer : sender
    const received = other.received(id)?.content
    const author = present.find((phone) => phone.sent.get(id)) ?? (received ? account : sender)
    const participant = group && { participant: addressOf(author) }
    return {
      key: { remoteJid: chat, fromMe: author === sender, id, ...participant },
      author: addressOf(author),
      content: author.sent.get(id)?.content ?? received
    }
  }
