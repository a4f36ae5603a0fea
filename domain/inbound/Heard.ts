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

/** As the source encoded it. */
const raw = Schema.String.annotate({
  description: "All of it, as WhatsApp encoded it (protobuf).",
  contentEncoding: "base64url"
}).check(Schema.isMaxLength(131_072))
const name = Schema.String.annotate({ description: "WhatsApp's name of its kind." }).check(Schema.isMaxLength(64))
const type = <const Name extends string>(name: Name) =>
  Schema.Literal(name).annotate({ description: "Tells kinds of content apart." })

/** What was said. Whole, as far as it has room: what this release has no words for is passed on as it was encoded. */
export const HeardContent = Schema.Union([
  Schema.Struct({
    type: type("text"),
    text: Schema.String.annotate({ description: "The text." }).check(Schema.isMaxLength(65_536), wellFormed),
    /** Where there is more than the text: what it replies to, whom it mentions. */
    raw: Schema.optionalKey(raw)
  }).annotate({ identifier: "HeardText", description: "A text." }),
  /** Of a kind that is not taken apart yet. */
  Schema.Struct({ type: type("other"), name, raw }).annotate({
    identifier: "HeardOther",
    description: "Something of a kind that is passed on as it is."
  }),
  /** Longer than what can be passed on. */
  Schema.Struct({
    type: type("oversized"),
    name,
    bytes: Schema.Natural.annotate({ description: "How long it was, encoded." })
  }).annotate({ identifier: "HeardOversized", description: "Something longer than what can be passed on." }),
  /** It came, and cannot be read here: the sender is asked for it again, under the same id. */
  Schema.Struct({ type: type("undecryptable") }).annotate({
    identifier: "HeardUndecryptable",
    description: "Something that could not be read; its sender is asked for it again."
  })
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
