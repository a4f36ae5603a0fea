import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { DeviceId, type EventId, type InboundId, SubjectId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"
import { Source, saidKinds } from "./Heard.ts"

/** A fact: one thing heard from outside, recorded once. It refers to no state. */

// Events

/** Keyed digests of every name that the source had for it: a phone number and a LID, say. They name one thing. */
const names = Schema.Array(SubjectId).check(Schema.isMinLength(1), Schema.isMaxLength(4))

/** What was said. Of any kind: what a newer release lets say, this one passes on. */
export const SaidContent = Schema.Struct({ kind: Schema.String, body: sealedAs("content") })

/** What an edit, a deletion, a reaction, a vote or a pin is about: a message of the same chat. In the clear: views join by it. */
export const AboutTarget = Schema.optionalKey(
  Schema.Struct({
    waMessageId: Schema.String,
    fromMe: Schema.Boolean,
    /** Of a deletion: who may delete is not to depend on whether what they said can still be read. */
    byAdmin: Schema.optionalKey(Schema.Literal(true))
  })
)

export const Received = Schema.Struct({
  source: Source,
  /** The source's own id. */
  waMessageId: Schema.String,
  fromMe: Schema.Boolean,
  chat: Schema.Struct({ kind: Schema.String, names, address: sealedAs("chat") }),
  sender: Schema.Struct({ names, address: sealedAs("sender"), name: Schema.optionalKey(sealedAs("name")) }),
  content: SaidContent,
  target: AboutTarget,
  /** From before the device was linked. */
  isHistory: Schema.optionalKey(Schema.Literal(true)),
  /** A keyed digest of what was said: the same heard again has the same one. */
  contentDigest: Schema.String,
  /** Another fact has the same id of the source, and other content. */
  conflicting: Schema.optionalKey(Schema.Literal(true)),
  /** By the source's clock. */
  sentAt: Schema.optionalKey(Instant),
  /** By the clock of whoever heard it. */
  heardAt: Instant
})
export type ReceivedFact = typeof Received.Type

/** What could not be read at first, or not opened, as it was read later. */
const decrypted = Schema.Struct({
  content: SaidContent,
  target: AboutTarget,
  contentDigest: Schema.String,
  heardAt: Instant
})

/** WhatsApp is to be told that the account has read it, by whoever has the session. */
const readRequested = Schema.Struct({
  device: DeviceId,
  transport: Schema.Literal("whatsapp-web"),
  /** Where it was said, and by whom. */
  message: sealedAs("message"),
  /** Nobody tells WhatsApp after that, unless it is asked again. */
  expiresAt: Instant
})
export type ReadRequested = typeof readRequested.Type

/** WhatsApp was told, by the clock of whoever told it. What its agent signed of that proves nothing of any message. */
const readMarked = Schema.Struct({ at: Instant })

export const withholdings = [
  /** Where it was said, and by whom, cannot be read any more. */
  "unreadable",
  /** Its device is, or is to be, linked no more. */
  "unlinked"
] as const
export type Withholding = (typeof withholdings)[number]

/** WhatsApp is not told: nobody can. */
const readWithheld = Schema.Struct({ reason: Schema.Literals(withholdings) })

const events = {
  "inbound.received": released(Received),
  "inbound.decrypted": released(decrypted),
  "inbound.read_requested": released(readRequested),
  "inbound.read_marked": released(readMarked),
  "inbound.read_withheld": released(readWithheld)
}
export type InboundEvent = EventOf<typeof events>

// Commands

export type InboundCommand =
  /** `reading`: WhatsApp is to be told at once that it was read, if anybody is told so of it. */
  | {
      readonly _tag: "Receive"
      readonly fact: ReceivedFact
      /** It is encrypted once more, under a secret that whoever heard it did not have. */
      readonly isSealed?: boolean
      readonly reading?: ReadRequested
    }
  /** Asked again while it is open, or when it was done, it changes nothing. */
  | { readonly _tag: "AskToRead"; readonly reading: ReadRequested; readonly at: Instant }
  /** `device` is one of whoever reports; `answers` what was asked. */
  | {
      readonly _tag: "MarkRead"
      readonly answers: EventId
      readonly device: DeviceId
      readonly at: Instant
    }
  /** Ends what was asked last, if that is what is `answers`. */
  | { readonly _tag: "WithholdRead"; readonly answers: EventId; readonly reason: Withholding }

export class InboundRejected extends Schema.TaggedError<InboundRejected>()("InboundRejected", {
  reason: Schema.Literals([
    /** Recorded under this id is something else. */
    "other_content",
    "not_received",
    /** Nobody is told that this was read. */
    "not_for_reading",
    "other_device",
    /** Nobody had asked for what is answered. */
    "not_asked"
  ])
}) {}

// State

interface Heard {
  readonly contentDigest: string
  readonly chat: ReadonlyArray<SubjectId>
  readonly sender: ReadonlyArray<SubjectId>
  readonly device: DeviceId
  /** Said by somebody else, where people are told that it was read. */
  readonly isAddressed: boolean
  /** What people are told of, if they are told of any. */
  readonly kind: string
  readonly reading: Reading
}

interface Reading {
  readonly asked: ReadonlySet<EventId>
  /** The last of these, until when; `undefined` where nobody is to answer it any more. */
  readonly open: { readonly by: EventId | undefined; readonly until: Instant } | undefined
  readonly isDone: boolean
}
const unread: Reading = { asked: new Set(), open: undefined, isDone: false }

export type InboundState =
  | { readonly _tag: "Nothing" }
  | (Heard & { readonly _tag: "Received"; readonly isReadable: boolean; readonly mayBeSealed: boolean })

/** The kind of what came and could not be read. */
export const undecryptable = "undecryptable"

/** What is encrypted once more is of these kinds until somebody opens it, and then of those. */
const sealable: ReadonlySet<string> = new Set(["other", "vote"])
const opened: ReadonlySet<string> = new Set(["edit", "reaction", "vote"])

/** In these its sender is told who has read what. */
const addressed: ReadonlySet<string> = new Set(["person", "group"])

const mayBeRead = ({ isAddressed, kind }: Pick<Heard, "isAddressed" | "kind">) =>
  isAddressed && kind !== undecryptable && saidKinds.has(kind)

const isAddressed = ({ chat, fromMe }: ReceivedFact) => !fromMe && addressed.has(chat.kind)

const meet = (some: ReadonlyArray<SubjectId>, others: ReadonlyArray<SubjectId>) => some.some((_) => others.includes(_))

type Decision = Result.Result<ReadonlyArray<InboundEvent>, InboundRejected>
const accept = (...events: ReadonlyArray<InboundEvent>): Decision => Result.succeed(events)
const reject = (reason: InboundRejected["reason"]): Decision => Result.fail(new InboundRejected({ reason }))

const requesting = (reading: ReadRequested): InboundEvent => ({ type: "inbound.read_requested", data: reading })

const receive = (
  { fact, isSealed = false, reading }: Extract<InboundCommand, { _tag: "Receive" }>,
  state: InboundState
): Decision => {
  const { chat, content, contentDigest, heardAt, isHistory, sender, target } = fact
  const isToBeRead = mayBeRead({ isAddressed: isAddressed(fact), kind: content.kind }) && isHistory !== true
  const requests = reading !== undefined && isToBeRead ? [requesting(reading)] : []
  if (state._tag === "Nothing") return accept({ type: "inbound.received", data: fact }, ...requests)
  const isOfTheSame = meet(chat.names, state.chat) && meet(sender.names, state.sender)
  // a phone remembers what was said as it stands by now, after its edits: that adds nothing to what was heard
  const addsNothing = content.kind === undecryptable || ((isHistory === true || isSealed) && state.isReadable)
  if (isOfTheSame && (contentDigest === state.contentDigest || addsNothing)) return accept()
  const opens = state.mayBeSealed && opened.has(content.kind)
  if (!isOfTheSame || (state.isReadable && !opens)) return reject("other_content")
  const about = target === undefined ? {} : { target }
  return accept({ type: "inbound.decrypted", data: { content, ...about, contentDigest, heardAt } }, ...requests)
}

const decider: Decider<InboundState, InboundCommand, InboundEvent, InboundRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Receive") return receive(command, state)
    if (state._tag === "Nothing") return reject("not_received")
    const { asked, isDone, open } = state.reading
    if (command._tag === "AskToRead") {
      if (!mayBeRead(state)) return reject("not_for_reading")
      const isOpen = open !== undefined && command.at < open.until
      return isDone || isOpen ? accept() : accept(requesting(command.reading))
    }
    if (command._tag === "WithholdRead") {
      const { answers, reason } = command
      if (!asked.has(answers)) return reject("not_asked")
      return isDone || open?.by !== answers ? accept() : accept({ type: "inbound.read_withheld", data: { reason } })
    }
    const { answers, at, device } = command
    if (device !== state.device) return reject("other_device")
    if (!asked.has(answers)) return reject("not_asked")
    return isDone ? accept() : accept({ type: "inbound.read_marked", data: { at } })
  },

  evolve: (state, { data, id, type }) => {
    if (type === "inbound.received") {
      const { chat, content, contentDigest, sender, source } = data
      return {
        _tag: "Received",
        isReadable: content.kind !== undecryptable,
        mayBeSealed: sealable.has(content.kind),
        contentDigest,
        chat: chat.names,
        sender: sender.names,
        device: source.device,
        isAddressed: isAddressed(data),
        kind: content.kind,
        reading: unread
      }
    }
    if (state._tag === "Nothing") return state
    if (type === "inbound.decrypted") {
      const { content, contentDigest } = data
      // once: what is said under one id does not change for ever
      const mayBeSealed = !state.isReadable && sealable.has(content.kind)
      return { ...state, contentDigest, kind: content.kind, isReadable: true, mayBeSealed }
    }
    const { reading } = state
    if (type === "inbound.read_marked") return { ...state, reading: { ...reading, isDone: true } }
    if (type === "inbound.read_withheld") return { ...state, reading: { ...reading, open: undefined } }
    const asked = id === undefined ? reading.asked : new Set(reading.asked).add(id)
    return { ...state, reading: { ...reading, asked, open: { by: id, until: data.expiresAt } } }
  }
}

export const Inbound: Aggregate<InboundId, InboundState, InboundCommand, InboundEvent, InboundRejected> = aggregate({
  category: "inbound",
  events,
  decider,
  isSettled: () => true
})
