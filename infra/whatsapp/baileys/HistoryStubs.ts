import "./QuietLibsignal.ts"
import { type BinaryNode, proto, type WAMessage } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Heard, type HeardContent, type Person } from "#domain/inbound/Heard.ts"
import { instantOf } from "./Facts.ts"
import { firstFitting } from "./heard/Fitting.ts"
import { type AlsoKnown, personOf, placeOf } from "./heard/People.ts"
import { whereaboutsOf } from "./heard/Whereabouts.ts"

/** What a phone's chats show beside messages: calls that were missed, and what became of groups. */

const { StubType } = proto.WebMessageInfo
type Event = Extract<HeardContent, { readonly type: "group" }>["event"]

const isHeard = Schema.is(Heard)

const missed: ReadonlyMap<number, { readonly isVideo?: true; readonly isGroup?: true }> = new Map([
  [StubType.CALL_MISSED_VOICE, {}],
  [StubType.CALL_MISSED_VIDEO, { isVideo: true }],
  [StubType.CALL_MISSED_GROUP_VOICE, { isGroup: true }],
  [StubType.CALL_MISSED_GROUP_VIDEO, { isVideo: true, isGroup: true }]
])

/** Whether a stub's parameters are people, or say what a group is called. */
type Parameters = "people" | "text" | undefined

const groups: ReadonlyMap<number, readonly [Event, Parameters]> = new Map([
  [StubType.GROUP_CREATE, ["created", "text"]],
  [StubType.GROUP_PARTICIPANT_ADD, ["added", "people"]],
  [StubType.GROUP_PARTICIPANT_INVITE, ["joined", "people"]],
  [StubType.GROUP_PARTICIPANT_ACCEPT, ["joined", "people"]],
  [StubType.GROUP_PARTICIPANT_LEAVE, ["left", "people"]],
  [StubType.GROUP_PARTICIPANT_REMOVE, ["removed", "people"]],
  [StubType.GROUP_PARTICIPANT_PROMOTE, ["promoted", "people"]],
  [StubType.GROUP_PARTICIPANT_DEMOTE, ["demoted", "people"]],
  [StubType.GROUP_PARTICIPANT_CHANGE_NUMBER, ["number_changed", "people"]],
  [StubType.GROUP_CHANGE_SUBJECT, ["subject_changed", "text"]],
  [StubType.GROUP_CHANGE_DESCRIPTION, ["description_changed", "text"]],
  [StubType.GROUP_CHANGE_ICON, ["picture_changed", undefined]],
  [StubType.GROUP_CHANGE_INVITE_LINK, ["settings_changed", undefined]],
  [StubType.GROUP_CHANGE_RESTRICT, ["settings_changed", undefined]],
  [StubType.GROUP_CHANGE_ANNOUNCE, ["settings_changed", undefined]],
  [StubType.GROUP_MEMBER_ADD_MODE, ["settings_changed", undefined]],
  [StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE, ["settings_changed", undefined]],
  [StubType.GROUP_DELETE, ["ended", undefined]]
])

/** An address, or the JSON of several of the same person's. */
const addressesIn = (parameter: string): ReadonlyArray<string> => {
  if (!parameter.startsWith("{")) return [parameter]
  try {
    return Object.values(JSON.parse(parameter) as Record<string, unknown>).filter(
      (one): one is string => typeof one === "string"
    )
  } catch {
    return []
  }
}

const contentOf = (
  { key, messageStubParameters, messageStubType }: WAMessage,
  alsoKnown: AlsoKnown
): HeardContent | undefined => {
  const type = messageStubType as number
  const call = missed.get(type)
  if (call !== undefined) return { type: "call", call: key.id ?? "", event: "missed", ...call }
  const [event, said] = groups.get(type) ?? []
  if (event === undefined) return undefined
  const parameters = messageStubParameters ?? []
  const people: ReadonlyArray<Person> =
    said !== "people"
      ? []
      : parameters.flatMap((one: string) => {
          const addresses = addressesIn(one)
          return personOf(...addresses, ...addresses.map(alsoKnown)) ?? []
        })
  const text = said === "text" ? parameters[0]?.toWellFormed() : undefined
  const name = StubType[type]?.toLowerCase()
  const bare = { type: "group", event, ...(name !== undefined && { name }) } as const
  const called = { ...bare, ...(text !== undefined && { text }) }
  const whole = { ...called, ...(people.length > 0 && { people }) }
  return firstFitting([() => whole, () => called]) ?? bare
}

/** Nothing for what has no words: what could not be read on the phone either, say. */
export const stubFactOf = (
  { attrs }: BinaryNode,
  stub: WAMessage,
  me: { readonly id: string; readonly lid?: string | undefined },
  alsoKnown: AlsoKnown
): Heard | undefined => {
  const content = contentOf(stub, alsoKnown)
  const own = personOf(me.id, me.lid)
  if (content === undefined || own === undefined) return undefined
  const { fromMe, id, remoteJid } = stub.key
  // a group's phone does not always remember who it was
  const where = whereaboutsOf(stub.key, attrs, own, alsoKnown)
  const who = where ? { chat: where.chat, sender: where.sender } : { chat: placeOf(remoteJid ?? ""), sender: own }
  const sentAt = instantOf(attrs.t)
  const heard = {
    waMessageId: content.type === "call" ? `${id?.slice(0, 80)}.missed` : (id ?? ""),
    ...who,
    fromMe: fromMe === true,
    ...(sentAt !== undefined && { sentAt }),
    content
  }
  return isHeard(heard) ? heard : undefined
}
