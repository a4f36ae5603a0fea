import "./QuietLibsignal.ts"
import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  getBinaryNodeChildString
} from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Heard, type HeardContent, type Person } from "#domain/inbound/Heard.ts"
import { userOf } from "./addresses/User.ts"
import { instantOf } from "./Facts.ts"
import { type AlsoHearing, hearInTurn, type Line } from "./HearInTurn.ts"
import { firstFitting } from "./heard/Fitting.ts"
import { type AlsoKnown, personOf, placeOf } from "./heard/People.ts"

/** What the server tells of groups: who made them, who is in them, what they are called and what may be done there. */

type GroupChange = Extract<HeardContent, { readonly type: "group" }>
type Event = GroupChange["event"]

const isHeard = Schema.is(Heard)
const mostPeople = 2_048

const events: Readonly<Record<string, Event>> = {
  add: "added",
  remove: "removed",
  leave: "left",
  promote: "promoted",
  demote: "demoted",
  created_membership_requests: "requested",
  subject: "subject_changed",
  description: "description_changed",
  announcement: "settings_changed",
  not_announcement: "settings_changed",
  locked: "settings_changed",
  unlocked: "settings_changed",
  invite: "settings_changed",
  revoke: "settings_changed",
  member_add_mode: "settings_changed",
  membership_approval_mode: "settings_changed",
  modify: "number_changed",
  delete: "ended"
}

/** Who is spoken of, and who speaks: the server says which two addresses are one person's. */
interface Names {
  readonly known: (address: string | undefined, ...others: ReadonlyArray<string | undefined>) => Person | undefined
  readonly isActor: (address: string | undefined) => boolean
  readonly own: Person
}

const peopleIn = (said: BinaryNode, { known }: Names): ReadonlyArray<Person> =>
  getBinaryNodeChildren(said, "participant")
    .slice(0, mostPeople)
    .flatMap(({ attrs }) => known(attrs.jid, attrs.phone_number, attrs.lid) ?? [])

const textOf = (said: BinaryNode): string | undefined => {
  if (said.tag === "subject") return said.attrs.subject
  if (said.tag === "create") return getBinaryNodeChild(said, "group")?.attrs.subject
  if (said.tag !== "description") return undefined
  return getBinaryNodeChildString(said, "body") ?? ""
}

const eventOf = (said: BinaryNode, { isActor }: Names): Event => {
  const event = events[said.tag] ?? "other"
  const addresses = getBinaryNodeChildren(said, "participant").flatMap(({ attrs }) => [attrs.jid, attrs.phone_number])
  const isOfActor = addresses.length === 2 && addresses.some(isActor)
  if (event === "removed" && isOfActor) return "left"
  if (event === "added" && (isOfActor || said.attrs.reason === "invite")) return "joined"
  return event
}

const contentOf = (said: BinaryNode, names: Names): HeardContent => {
  const { attrs, tag } = said
  if (tag === "ephemeral" || tag === "not_ephemeral") {
    const seconds = Number(attrs.expiration ?? 0)
    return { type: "timer", seconds: Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0 }
  }
  // of a group that was there before, this account is told the whole when somebody adds it
  const isNew = tag === "create" && attrs.type === "new"
  const event = tag === "create" ? (isNew ? "created" : "added") : eventOf(said, names)
  const made = tag === "create" ? getBinaryNodeChild(said, "group") : undefined
  const people = tag === "create" && !isNew ? [names.own] : peopleIn(made ?? said, names)
  const text = textOf(said)?.slice(0, 65_536).toWellFormed()
  const bare = { type: "group", event, name: tag.slice(0, 64) } as const
  const called = { ...bare, ...(text !== undefined && { text }) }
  const whole = { ...called, ...(people.length > 0 && { people }) }
  return firstFitting([() => whole, () => called]) ?? bare
}

/** What a notification says of a group, one fact for each thing; none where it is of something else. */
export const groupChangesOf = (
  { attrs, content }: BinaryNode,
  me: { readonly id: string; readonly lid?: string | undefined },
  alsoKnown: AlsoKnown
): ReadonlyArray<Heard> => {
  const own = personOf(me.id, me.lid)
  const said = Array.isArray(content) ? content : []
  const isPicture = attrs.type === "picture"
  if (!attrs.from?.endsWith("@g.us") || own === undefined || !(isPicture || attrs.type === "w:gp2")) return []
  const actor = attrs.participant ?? (isPicture ? said[0]?.attrs.author : undefined)
  const names: Names = {
    own,
    known: (address, ...others) => {
      if (address === undefined) return undefined
      return personOf(address, ...others, alsoKnown(address))
    },
    isActor: (address) => {
      const name = userOf(address)?.name
      return name !== undefined && [actor, attrs.participant_pn].some((one) => userOf(one)?.name === name)
    }
  }
  const isOwn = [me.id, me.lid].some(names.isActor)
  const sentAt = instantOf(attrs.t)
  const name = attrs.notify?.slice(0, 256).toWellFormed()
  return said.flatMap((one, index) => {
    const heard = {
      waMessageId: `${attrs.id}${index === 0 ? "" : `.${index}`}`,
      chat: placeOf(attrs.from!),
      // what the server does by itself is told as done by whoever it is done to
      sender: isOwn ? own : (names.known(actor, attrs.participant_pn) ?? peopleIn(one, names)[0] ?? own),
      fromMe: isOwn,
      ...(sentAt !== undefined && { sentAt }),
      ...(name && { name }),
      content: isPicture
        ? { type: "group", event: "picture_changed", name: one.tag.slice(0, 64) }
        : contentOf(one, names)
    }
    return isHeard(heard) ? [heard] : []
  })
}

/** Hears what becomes of groups, in its turn among messages; what else the server notifies of goes on at once. */
export const hearGroupChanges = (line: Line, { alsoKnown, ...holding }: AlsoHearing): void =>
  hearInTurn(line, {
    ...holding,
    tag: "notification",
    isHeld: ({ attrs }) => attrs.from?.endsWith("@g.us") === true,
    factsOf: (stanza, me) => groupChangesOf(stanza, me, alsoKnown)
  })
