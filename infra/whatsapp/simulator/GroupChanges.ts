import { randomBytes } from "node:crypto"
import type { BinaryNode } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { element, unixSeconds } from "./BinaryNodes.ts"
import { Id, Text } from "./content/Members.ts"
import type { Group } from "./Groups.ts"
import { hand } from "./Handing.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"
import { PhoneNumber } from "./PhoneNumber.ts"

const numbers = Schema.optionalKey(Schema.Array(PhoneNumber))

/** What somebody does to a group; one that does not exist yet is made, with a subject and who is added. */
export const GroupChange = Schema.Struct({
  group: Schema.optionalKey(Id),
  by: PhoneNumber,
  subject: Schema.optionalKey(Text),
  add: numbers,
  remove: numbers,
  promote: numbers,
  demote: numbers
})
export type GroupChange = typeof GroupChange.Type

/** Changes a group and tells the accounts in it, those too that are no longer. Returns its id. */
export const changeGroup = (network: Network, change: GroupChange): string => {
  const { add = [], by, remove = [], subject } = change
  const known = change.group === undefined ? undefined : network.groups.find(change.group)
  if (!known) return create(network, change)
  const before = [...known.members.keys()]
  const steps = {
    add: add.map((number) => [number, false] as const),
    remove: remove.map((number) => [number, undefined] as const),
    promote: (change.promote ?? []).map((number) => [number, true] as const),
    demote: (change.demote ?? []).map((number) => [number, false] as const)
  }
  const news: Array<BinaryNode> = []
  for (const [tag, changes] of Object.entries(steps)) {
    if (changes.length === 0) continue
    for (const [number, isAdmin] of changes) {
      if (isAdmin === undefined) known.members.delete(number)
      else known.members.set(number, isAdmin)
    }
    news.push(
      element(
        tag,
        {},
        changes.map(([number]) => participant(network.directory.phone(number)))
      )
    )
  }
  if (subject !== undefined) {
    known.subject = subject
    news.push(element("subject", { subject, s_t: unixSeconds(), s_o: network.directory.phone(by).lidJid }))
  }
  for (const each of news) tell(network, known, by, each, new Set([...before, ...known.members.keys()]))
  return known.id
}

const create = (network: Network, { add = [], by, group: id, subject = "" }: GroupChange): string => {
  const members = new Map([...add.map((number) => [number, false] as const), [by, true] as const])
  const group = network.groups.make({ creator: by, since: unixSeconds(), subject, members }, id)
  const news = element("create", { type: "new", key: randomBytes(8).toString("hex") }, [groupElement(network, group)])
  tell(network, group, by, news, new Set(members.keys()))
  return group.id
}

const tell = (network: Network, group: Group, by: string, news: BinaryNode, hearing: ReadonlySet<string>) => {
  const { jid, lidJid, name } = network.directory.phone(by)
  const attributes = { from: group.id, type: "w:gp2", participant: lidJid, participant_pn: jid, addressing_mode: "lid" }
  const id = randomBytes(8).toString("hex").toUpperCase()
  for (const account of [...hearing].map((number) => network.directory.phone(number))) {
    for (const companion of account.linked) {
      hand(
        network,
        account,
        companion,
        element("notification", { id, ...attributes, t: unixSeconds(), notify: name }, [news])
      )
    }
  }
  network.record.add("group", { group: group.id, contact: by, detail: news.tag, waMessageId: id })
}

const participant = ({ jid, lidJid }: Phone, isAdmin = false): BinaryNode =>
  element("participant", { jid: lidJid, phone_number: jid, type: isAdmin ? "admin" : undefined })

/** All that the server says of a group. */
export const groupElement = ({ directory }: Network, { creator, id, members, since, subject }: Group): BinaryNode => {
  const { jid, lidJid } = directory.phone(creator)
  const named = { id: id.replace(/@.*$/, ""), subject, s_o: lidJid, s_t: since, creation: since }
  return element(
    "group",
    { ...named, creator: lidJid, creator_pn: jid, addressing_mode: "lid", size: String(members.size) },
    [...members].map(([number, isAdmin]) => participant(directory.phone(number), isAdmin))
  )
}
