import { Schema } from "effect"
import { DeviceId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { PhoneNumber } from "../message/Recipient.ts"
import { wellFormed } from "../WellFormed.ts"

/** One thing heard from outside, in the clear. Lives in memory, inside boxes and on the wire, never in an event. */

/** WhatsApp's name of a person that is no phone number; digits. */
export const Lid = Schema.String.check(Schema.isPattern(/^\d{1,24}$/)).pipe(Schema.brand("Lid"))
export type Lid = typeof Lid.Type

/** Everything by which the source names them: a phone number, a LID, or both. */
export const Person = Schema.Struct({
  kind: Schema.Literal("person"),
  phone: Schema.optionalKey(PhoneNumber),
  lid: Schema.optionalKey(Lid)
})
export type Person = typeof Person.Type

/** A group, a broadcast list, a channel, and what else the source may invent: its own address for it. */
export const Place = Schema.Struct({
  kind: Schema.Literals(["group", "broadcast", "channel", "other"]),
  address: Schema.String.check(Schema.isMaxLength(128))
})
export type Place = typeof Place.Type

export const Chat = Schema.Union([Person, Place])
export type Chat = typeof Chat.Type

/** As the source encoded it, base64url. */
const raw = Schema.String.check(Schema.isMaxLength(131_072))

/** What was said. Whole, as far as it has room: what this release has no words for is passed on as it was encoded. */
export const HeardContent = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("text"),
    text: Schema.String.check(Schema.isMaxLength(65_536), wellFormed),
    /** Where there is more than the text: what it replies to, whom it mentions. */
    raw: Schema.optionalKey(raw)
  }),
  /** Of a kind that is not taken apart yet. */
  Schema.Struct({ type: Schema.Literal("other"), name: Schema.String.check(Schema.isMaxLength(64)), raw }),
  /** Longer than what can be passed on. */
  Schema.Struct({
    type: Schema.Literal("oversized"),
    name: Schema.String.check(Schema.isMaxLength(64)),
    bytes: Schema.Natural
  }),
  /** It came, and cannot be read here: the sender is asked for it again, under the same id. */
  Schema.Struct({ type: Schema.Literal("undecryptable") })
])
export type HeardContent = typeof HeardContent.Type

export const Heard = Schema.Struct({
  /** The source's own id: unique for whoever sent it, no more. */
  waMessageId: Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(128)),
  chat: Chat,
  sender: Person,
  /** Sent by the account itself, from its phone or another of its devices. */
  fromMe: Schema.Boolean,
  /** When, by the source's clock; absent where it says nothing of use. */
  sentAt: Schema.optionalKey(Instant),
  /** As whoever sent it calls themselves. */
  name: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(256))),
  content: HeardContent
})
export type Heard = typeof Heard.Type

/** Where facts come from. */
export const Source = Schema.Union([Schema.Struct({ kind: Schema.Literal("device"), device: DeviceId })])
export type Source = typeof Source.Type
