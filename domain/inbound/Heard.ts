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
  kind: Schema.Literal("person").annotate({ description: "Tells people from other chats." }),
  phone: Schema.optionalKey(PhoneNumber.annotate({ description: "Their number in full, if it is known." })),
  lid: Schema.optionalKey(Lid.annotate({ description: "WhatsApp's other name of them, if it is known." }))
})
  .annotate({ description: "Somebody, by all that WhatsApp calls them." })
  .check(Schema.makeFilter(({ lid, phone }) => (lid ?? phone) !== undefined || "a person has a name"))
  .annotate({ identifier: "HeardPerson" })
export type Person = typeof Person.Type

/** A group, a broadcast list, a channel, and what else the source may invent: its own address for it. */
export const Place = Schema.Struct({
  kind: Schema.Literals(["group", "broadcast", "channel", "other"]).annotate({ description: "What it is." }),
  address: Schema.String.annotate({ description: "WhatsApp's address of it." }).check(Schema.isMaxLength(128))
}).annotate({ identifier: "HeardPlace", description: "Where several are spoken to." })
export type Place = typeof Place.Type

/** With what it is called, where whoever hears it knows that. That changes, and says nothing of which one it is. */
const CalledPlace = Schema.Struct({
  ...Place.fields,
  name: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(256), wellFormed))
})

export const Chat = Schema.Union([Person, CalledPlace])
export type Chat = typeof Chat.Type

/** What the source calls a message. Unique for whoever sent it, within a chat, no more. */
const waMessageId = Schema.String.annotate({ description: "WhatsApp's own id of it." }).check(
  Schema.isNonEmpty(),
  Schema.isMaxLength(128)
)

/** What something is about: an earlier message, of the same chat unless it says where. */
export const Target = Schema.Struct({
  waMessageId,
  fromMe: Schema.Boolean.annotate({ description: "Sent by the account itself." }),
  /** Where it was not the account, and the source says so. */
  sender: Schema.optionalKey(Person),
  /** Where it is, if it is not in the same chat: a reply to a status stands in the chat with whoever posted it. */
  place: Schema.optionalKey(Place)
}).annotate({ identifier: "HeardTarget", description: "An earlier message, of the same chat unless it says where." })
export type Target = typeof Target.Type

/** As the source encoded it. */
const raw = Schema.String.annotate({
  description: "All of it, as WhatsApp encoded it (protobuf).",
  contentEncoding: "base64url"
}).check(Schema.isMaxLength(131_072))
const name = Schema.String.annotate({ description: "WhatsApp's name of its kind." }).check(Schema.isMaxLength(64))
const type = <const Name extends string>(name: Name) =>
  Schema.Literal(name).annotate({ description: "Tells kinds of content apart." })

const words = (most: number, description: string) =>
  Schema.String.annotate({ description }).check(Schema.isMaxLength(most), wellFormed)
const many = (description: string) => Schema.Natural.annotate({ description })
const degrees = (most: number, description: string) =>
  Schema.Finite.annotate({ description }).check(Schema.isBetween({ minimum: -most, maximum: most }))
const flagged = (description: string) => Schema.optionalKey(Schema.Literal(true).annotate({ description }))

/** What goes with whatever is said to people. */
const context = {
  replyTo: Schema.optionalKey(Target),
  mentions: Schema.optionalKey(
    Schema.Array(Person).annotate({ description: "Whom it names." }).check(Schema.isMaxLength(1_024))
  ),
  forwards: Schema.optionalKey(many("How often it was forwarded; 127 or more: very often.")),
  viewOnce: flagged("Meant to be looked at once."),
  disappearsAfterSeconds: Schema.optionalKey(many("After how many seconds it disappears from the chat."))
}

/** What is said of bytes that lie elsewhere. What fetches them stands in `raw`. */
const file = {
  mime: Schema.optionalKey(words(256, "What it claims to be, as a media type.")),
  bytes: Schema.optionalKey(many("How long it is.")),
  sha256: Schema.optionalKey(
    Schema.String.annotate({ description: "Of the bytes.", contentEncoding: "base64url" }).check(Schema.isMaxLength(64))
  )
}
const caption = Schema.optionalKey(words(65_536, "The text below it."))
const seconds = Schema.optionalKey(many("How long it lasts, in seconds."))
const size = { width: Schema.optionalKey(many("In pixels.")), height: Schema.optionalKey(many("In pixels.")) }

const said = <const Name extends string, F extends Schema.Struct.Fields>(
  kind: Name,
  identifier: string,
  description: string,
  fields: F
) => Schema.Struct({ type: type(kind), ...fields, ...context, raw }).annotate({ identifier, description })

/** Of what was said, what is said beside it. */
export const besides: ReadonlySet<string> = new Set(["raw", ...Object.keys(context)])

/** What was said to people. Whole, as far as it has room: what this release has no words for is passed on as it was encoded. */
const messages = [
  Schema.Struct({
    type: type("text"),
    text: words(65_536, "The text."),
    ...context,
    /** Where there is more than the text. */
    raw: Schema.optionalKey(raw)
  }).annotate({ identifier: "HeardText", description: "A text." }),
  said("image", "HeardImage", "A picture.", { ...file, ...size, caption }),
  said("video", "HeardVideo", "A film.", {
    ...file,
    ...size,
    seconds,
    caption,
    isNote: flagged("A round one, recorded in the chat."),
    isLoop: flagged("A short one without sound, that is played again and again.")
  }),
  said("audio", "HeardAudio", "Something to listen to.", {
    ...file,
    seconds,
    isVoice: flagged("Spoken into the chat.")
  }),
  said("document", "HeardDocument", "A file.", {
    ...file,
    fileName: Schema.optionalKey(words(1_024, "What its sender calls it; never to be trusted as a path.")),
    pages: Schema.optionalKey(many("How many pages it has.")),
    caption
  }),
  said("sticker", "HeardSticker", "A sticker.", { ...file, ...size, isAnimated: flagged("It moves.") }),
  said("location", "HeardLocation", "A place on the map.", {
    latitude: degrees(90, "In degrees, north is positive."),
    longitude: degrees(180, "In degrees, east is positive."),
    name: Schema.optionalKey(words(1_024, "What it is called.")),
    address: Schema.optionalKey(words(4_096, "Where it is, in words.")),
    isLive: flagged("It follows whoever sent it.")
  }),
  said("contacts", "HeardContacts", "Somebody's card, or several.", {
    cards: Schema.Array(
      Schema.Struct({ name: words(1_024, "What it says whose it is."), vcard: words(65_536, "The card (RFC 6350).") })
    )
      .annotate({ description: "In their order." })
      .check(Schema.isMaxLength(257))
  }),
  said("poll", "HeardPoll", "A question with answers to choose from.", {
    question: words(4_096, "What is asked."),
    options: Schema.Array(words(1_024, "An answer."))
      .annotate({ description: "In their order." })
      .check(Schema.isMaxLength(64)),
    mostChosen: Schema.optionalKey(many("How many may be chosen; absent: any number."))
  }),
  /** Of a kind that is not taken apart. */
  Schema.Struct({ type: type("other"), name, ...context, raw }).annotate({
    identifier: "HeardOther",
    description: "Something of a kind that is passed on as it is."
  }),
  /** Longer than what can be passed on. */
  Schema.Struct({ type: type("oversized"), name, bytes: many("How long it was, encoded.") }).annotate({
    identifier: "HeardOversized",
    description: "Something longer than what can be passed on."
  }),
  /** It came, and cannot be read here: the sender is asked for it again, under the same id. */
  Schema.Struct({ type: type("undecryptable") }).annotate({
    identifier: "HeardUndecryptable",
    description: "Something that could not be read; its sender is asked for it again."
  })
] as const

const about = { target: Target }

/** What somebody has done to what was said. Views join it to its target, whichever of them comes first. */
const changes = [
  Schema.Struct({
    type: type("edit"),
    ...about,
    content: Schema.Union(messages).annotate({ description: "What it says." })
  }).annotate({
    identifier: "HeardEdit",
    description: "What an earlier message says instead."
  }),
  Schema.Struct({
    type: type("deletion"),
    ...about,
    byAdmin: flagged("By an administrator of the group, not by whoever sent it.")
  }).annotate({ identifier: "HeardDeletion", description: "An earlier message is taken back, for everyone." }),
  Schema.Struct({
    type: type("reaction"),
    ...about,
    emoji: words(64, "What they think of it; empty: no longer anything.")
  }).annotate({ identifier: "HeardReaction", description: "What somebody thinks of an earlier message." }),
  Schema.Struct({
    type: type("vote"),
    ...about,
    /** Each as the digest of an answer, by which WhatsApp names it; absent where it could not be opened here. */
    chosen: Schema.optionalKey(
      Schema.Array(Schema.String.check(Schema.isMaxLength(64)))
        .annotate({
          description:
            "SHA-256 (base64url) of each answer chosen, instead of any before; absent where it could not be opened."
        })
        .check(Schema.isMaxLength(64))
    ),
    raw
  }).annotate({ identifier: "HeardVote", description: "Which answers of a poll somebody chooses." }),
  Schema.Struct({
    type: type("pin"),
    ...about,
    isPinned: Schema.Boolean.annotate({ description: "Or no longer." }),
    forSeconds: Schema.optionalKey(many("How long, in seconds."))
  }).annotate({ identifier: "HeardPin", description: "An earlier message is pinned for everyone, or no longer." })
] as const

const people = Schema.Array(Person).annotate({ description: "Whom it is about." }).check(Schema.isMaxLength(2_048))

/** What happened in a chat besides what was said. */
const occurrences = [
  Schema.Struct({
    type: type("timer"),
    seconds: many("After how many seconds what is said from now on disappears; 0: never.")
  }).annotate({ identifier: "HeardTimer", description: "The timer of the chat is another one." }),
  Schema.Struct({
    type: type("call"),
    call: Schema.String.annotate({ description: "WhatsApp's own id of the call." }).check(Schema.isMaxLength(128)),
    event: Schema.Literals(["offered", "accepted", "rejected", "ended", "missed"]).annotate({
      description: "What became of it."
    }),
    isVideo: flagged("With pictures."),
    isGroup: flagged("Of several.")
  }).annotate({ identifier: "HeardCall", description: "A call, or what became of one. Nobody here answers." }),
  Schema.Struct({
    type: type("group"),
    event: Schema.Literals([
      "created",
      "joined",
      "added",
      "left",
      "removed",
      "promoted",
      "demoted",
      "requested",
      "subject_changed",
      "description_changed",
      "settings_changed",
      "picture_changed",
      "number_changed",
      "ended",
      "other"
    ]).annotate({ description: "What happened." }),
    people: Schema.optionalKey(people),
    text: Schema.optionalKey(words(65_536, "What it is called or described as from now on.")),
    /** As the source named it. */
    name: Schema.optionalKey(name)
  }).annotate({ identifier: "HeardGroup", description: "Something happened to a group." })
] as const

/** What was said or done. */
export const HeardContent = Schema.Union([...messages, ...changes, ...occurrences])
export type HeardContent = typeof HeardContent.Type
export type HeardKind = HeardContent["type"]

/** Of these kinds is what was said to people. */
export const saidKinds: ReadonlySet<string> = new Set(messages.map(({ fields }) => fields.type.literal))

export const Heard = Schema.Struct({
  /** The source's own id. Of what has none of its own, what tells it apart from all else of the same chat. */
  waMessageId,
  chat: Chat,
  sender: Person,
  /** Sent by the account itself, from its phone or another of its devices. */
  fromMe: Schema.Boolean,
  /** When, by the source's clock; absent where it says nothing of use. */
  sentAt: Schema.optionalKey(Instant),
  /** As whoever sent it calls themselves. */
  name: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(256))),
  content: HeardContent,
  /** From before this device was linked: told as what was, not as what is new. */
  isHistory: Schema.optionalKey(Schema.Literal(true))
})
export type Heard = typeof Heard.Type

/** Where facts come from. */
export const Source = Schema.Union([Schema.Struct({ kind: Schema.Literal("device"), device: DeviceId })])
export type Source = typeof Source.Type
