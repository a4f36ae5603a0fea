import "./QuietLibsignal.ts"
import { type BinaryNode, getBinaryNodeChild } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Heard, type HeardContent } from "#domain/inbound/Heard.ts"
import { userOf } from "./addresses/User.ts"
import { instantOf } from "./Facts.ts"
import { type AlsoHearing, hearInTurn, type Line } from "./HearInTurn.ts"
import { type AlsoKnown, personOf, placeOf } from "./heard/People.ts"

/** What becomes of calls. Nobody here answers one. */

type Event = Extract<HeardContent, { readonly type: "call" }>["event"]

const isHeard = Schema.is(Heard)

/** Nothing for what devices tell each other to bring a call about. */
const eventOf = ({ attrs, tag }: BinaryNode): Event | undefined => {
  if (tag === "offer" || tag === "offer_notice") return "offered"
  if (tag === "accept") return "accepted"
  if (tag === "reject") return "rejected"
  if (tag !== "terminate") return undefined
  return attrs.reason === "timeout" ? "missed" : "ended"
}

const isVideo = (said: BinaryNode) => getBinaryNodeChild(said, "video") !== undefined || said.attrs.media === "video"

/** Of several, each may accept, reject or leave; and any id is its caller's own. */
const identityOf = (call: string, event: Event, isOfSeveral: boolean, speaker: string) =>
  [call.slice(0, 80).toWellFormed(), event, ...(isOfSeveral ? [speaker] : [])].join(".").slice(0, 128).toWellFormed()

/** What is said of a call, if anything became of it. */
export const callOf = (
  { attrs, content }: BinaryNode,
  me: { readonly id: string; readonly lid?: string | undefined },
  alsoKnown: AlsoKnown
): Heard | undefined => {
  const [said] = Array.isArray(content) ? content : []
  const event = said && eventOf(said)
  if (said === undefined || event === undefined) return undefined
  const call = said.attrs["call-id"]?.slice(0, 128).toWellFormed()
  const creator = said.attrs["call-creator"]
  const group = said.attrs["group-jid"]
  const isOfSeveral = group !== undefined || said.attrs.type === "group"
  /** The server says which number a creator has, where it says so at all. */
  const known = (address: string | undefined) => {
    if (address === undefined) return undefined
    const named = userOf(address)?.name === userOf(creator)?.name ? said.attrs.caller_pn : undefined
    return personOf(address, named ?? alsoKnown(address))
  }
  const own = personOf(me.id, me.lid)
  const isOwn = (address: string | undefined) =>
    [me.id, me.lid].some((one) => userOf(one)?.name !== undefined && userOf(one)?.name === userOf(address)?.name)
  const speaker = userOf(attrs.from) === undefined ? creator : attrs.from
  const other = [attrs.from, creator].find((address) => userOf(address) !== undefined && !isOwn(address))
  const fromMe = isOwn(speaker)
  const sender = fromMe ? own : known(speaker)
  const chat = group === undefined ? known(other) : placeOf(group)
  const sentAt = instantOf(attrs.t)
  const name = attrs.notify?.slice(0, 256).toWellFormed()
  const heard = {
    waMessageId: call && identityOf(call, event, isOfSeveral, userOf(speaker)?.name ?? ""),
    chat,
    sender,
    fromMe,
    ...(sentAt !== undefined && { sentAt }),
    ...(name && { name }),
    content: {
      type: "call",
      call,
      event,
      ...(event === "offered" && isVideo(said) && { isVideo: true }),
      ...(isOfSeveral && { isGroup: true })
    }
  }
  return isHeard(heard) ? heard : undefined
}

/** Hears calls, in their turn among messages. */
export const hearCalls = (line: Line, { alsoKnown, ...holding }: AlsoHearing): void =>
  hearInTurn(line, {
    ...holding,
    tag: "call",
    factsOf: (stanza, me) => {
      const heard = callOf(stanza, me, alsoKnown)
      return heard === undefined ? [] : [heard]
    }
  })
