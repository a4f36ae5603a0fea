import { randomBytes } from "node:crypto"
import { Schema } from "effect"
import { element, unixSeconds } from "./BinaryNodes.ts"
import { Id, Text } from "./content/Members.ts"
import { hand } from "./Handing.ts"
import type { Network } from "./Network.ts"
import { PhoneNumber } from "./PhoneNumber.ts"
import { hearers, talkOf } from "./Talk.ts"

const envelope = {
  from: PhoneNumber,
  to: PhoneNumber,
  addressing: Schema.optionalKey(Schema.Literals(["lid", "pn"])),
  group: Schema.optionalKey(Id)
}

/** A contact calls, or what becomes of its call. */
const Call = Schema.Struct({
  kind: Schema.Literal("call"),
  ...envelope,
  /** The same for all that is said of one call. */
  callId: Schema.optionalKey(Id),
  state: Schema.Literals(["offer", "accept", "reject", "terminate", "timeout"]),
  video: Schema.optionalKey(Schema.Boolean)
})

/** That there is a message, which this device does not get: `view_once`, or a `type` of the server's. */
const Unavailable = Schema.Struct({
  kind: Schema.Literal("unavailable"),
  ...envelope,
  waMessageId: Schema.optionalKey(Id),
  type: Schema.optionalKey(Text)
})

/** What comes without being encrypted. */
export const Announcement = Schema.Union([Call, Unavailable])
export type Announcement = typeof Announcement.Type

const newId = () => randomBytes(16).toString("hex").toUpperCase()

/** Tells every linked device. Returns the call's or the message's id; throws when no device is linked. */
export const announce = (network: Network, announcement: Announcement): string => {
  const talk = talkOf(network, announcement)
  const { account, addressOf, group, otherAddressOf, sender } = talk
  if (account.linked.length === 0) throw new Error("no device is linked to this account")
  const from = addressOf(sender)
  const other = otherAddressOf(sender)
  const named = other.endsWith("@lid") ? "lid" : "pn"
  const [id, stanza] =
    announcement.kind === "call"
      ? callFrom(announcement, from, named === "pn" ? other : from)
      : withheldFrom(announcement, group ? { from: group.id, participant: from } : { from, [`sender_${named}`]: other })
  for (const phone of hearers(network, talk)) {
    for (const companion of phone.linked) hand(network, phone, companion, stanza)
  }
  const facts = { waMessageId: id, account: account.number, contact: sender.number }
  network.record.add("incoming", {
    ...facts,
    ...(group && { group: group.id }),
    content: { ...announcement, stanza: stanza.attrs.id }
  })
  return id
}

const callFrom = (call: typeof Call.Type, from: string, callerPn: string) => {
  const { callId = newId(), group, state, video = false } = call
  const attributes = {
    "call-id": callId,
    "call-creator": from,
    ...(state === "offer" && { caller_pn: callerPn }),
    ...(state === "timeout" && { reason: "timeout" }),
    "group-jid": group
  }
  const media = state === "offer" ? [element(video ? "video" : "audio", { enc: "opus", rate: "16000" })] : undefined
  const what = element(state === "timeout" ? "terminate" : state, attributes, media)
  return [callId, element("call", { id: newId(), from, t: unixSeconds() }, [what])] as const
}

const withheldFrom = ({ type, waMessageId: id = newId() }: typeof Unavailable.Type, from: Record<string, string>) =>
  [id, element("message", { id, ...from, type: "text", t: unixSeconds() }, [element("unavailable", { type })])] as const
