import { Option, Schema } from "effect"
import { EventId, SubjectId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import type { Told } from "#domain/region/Told.ts"

/** A public event of another gateway's, maybe of another release's: what is here is read, what comes to it is borne. */

const word = Schema.String.check(Schema.isMaxLength(255))

export const Event = Schema.Struct({
  id: EventId,
  type: word,
  time: Instant,
  subject: word,
  cursor: word,
  data: Schema.Record(Schema.String, Schema.Unknown),
  omitted: Schema.optionalKey(word)
})
export type Event = typeof Event.Type

const Named = Schema.Struct({ names: Schema.Array(SubjectId).check(Schema.isMaxLength(4)) })
const Data = Schema.Struct({
  device: Schema.optionalKey(word),
  to: Schema.optionalKey(word),
  number: Schema.optionalKey(word),
  kind: Schema.optionalKey(word),
  attempt: Schema.optionalKey(Schema.Natural),
  fromMe: Schema.optionalKey(Schema.Boolean),
  chat: Schema.optionalKey(Schema.Struct({ ...Named.fields, kind: word })),
  sender: Schema.optionalKey(Named),
  person: Schema.optionalKey(Named),
  group: Schema.optionalKey(word),
  status: Schema.optionalKey(word),
  waMessageId: Schema.optionalKey(word),
  message: Schema.optionalKey(word),
  target: Schema.optionalKey(Schema.Union([word, Schema.Struct({ waMessageId: word })])),
  at: Schema.optionalKey(Instant),
  sentAt: Schema.optionalKey(Instant),
  heardAt: Schema.optionalKey(Instant),
  receivedAt: Schema.optionalKey(Instant)
})
type Data = typeof Data.Type
const decode = Schema.decodeUnknownOption(Data)

/** `homing.message.sent.v1` happened as `message.sent`. */
const stepOf = (type: string) => type.replace(/^homing\./, "").replace(/\.v\d+$/, "")

type PhoneSubject = (phone: string) => SubjectId

const ofMessage = (data: Data, phoneSubject: PhoneSubject, step: string): Partial<Told> => ({
  names: data.to === undefined ? [] : [phoneSubject(data.to)],
  fromMe: true,
  ...(data.attempt !== undefined && { attempt: data.attempt }),
  ...(step === "message.queued" && data.waMessageId !== undefined && { called: `${data.device} ${data.waMessageId}` })
})

const ofInbound = ({ chat, device, kind, target, waMessageId }: Data): Partial<Told> => {
  if (chat === undefined) return {} // what completes a fact stands where that does
  const about = typeof target === "object" ? `${device} ${target.waMessageId}` : undefined
  return {
    step: `inbound.${kind}`,
    names: chat.kind === "person" ? chat.names : [],
    ...(about === undefined && { called: `${device} ${waMessageId}` }),
    ...(about !== undefined && isChange(kind) && { target: about })
  }
}

const changing: ReadonlySet<string | undefined> = new Set(["edit", "deletion", "reaction", "vote"])
/** What else has a target, a pin say, stands in the conversation by itself. */
export const isChange = (kind: string | undefined): boolean => changing.has(kind)

const ofMeta = ({ group, kind, message, person, status, target }: Data): Partial<Told> => ({
  step: kind === "status" ? `meta.status.${status ?? "other"}` : `meta.${kind}`,
  names: group === undefined ? (person?.names ?? []) : [],
  ...(kind === "status" && typeof target === "string" && { target: `meta ${target}` }),
  ...(kind !== "status" && message !== undefined && { called: `meta ${message}` })
})

const ofSession = ({ message, person }: Data): Partial<Told> => ({
  names: person?.names ?? [],
  ...(message !== undefined && { called: `session ${message}` })
})

const partOf = (step: string, data: Data, phoneSubject: PhoneSubject): Partial<Told> => {
  if (step.startsWith("message.")) return ofMessage(data, phoneSubject, step)
  if (step.startsWith("inbound.")) return ofInbound(data)
  if (step.startsWith("meta.")) return ofMeta(data)
  return step.startsWith("session.") ? ofSession(data) : {}
}

/** What it says of a conversation, from the whole of its `data`. What only a newer release can say is in none. */
export const toldBy = ({ data, subject, time, type }: Event, phoneSubject: PhoneSubject): Told => {
  const step = stepOf(type)
  const known = Option.getOrElse(decode(data), (): Data => ({}))
  const { at = time, heardAt = at, receivedAt = heardAt, sentAt = receivedAt } = known
  const nothing = { id: subject, step, names: [], fromMe: known.fromMe ?? false, at: sentAt }
  return { ...nothing, ...partOf(step, known, phoneSubject) }
}

/** Whose words it holds, if it says so: the sender's for what they said, the chat's for what was said to it. */
export const ownerIn = ({ data }: Pick<Event, "data">, phoneSubject: PhoneSubject): SubjectId | undefined => {
  const { chat, fromMe, number, person, sender, to } = Option.getOrElse(decode(data), (): Data => ({}))
  const phone = to ?? number
  const [name] = (fromMe === true ? undefined : sender?.names) ?? chat?.names ?? person?.names ?? []
  return name ?? (phone === undefined ? undefined : phoneSubject(phone))
}
