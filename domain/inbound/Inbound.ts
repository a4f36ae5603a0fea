import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import type { InboundId } from "../Ids.ts"
import { SubjectId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"
import { Source } from "./Heard.ts"

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

/** What could not be read at first, as its sender has sent it again. */
const decrypted = Schema.Struct({
  content: SaidContent,
  target: AboutTarget,
  contentDigest: Schema.String,
  heardAt: Instant
})

const events = {
  "inbound.received": released(Received),
  "inbound.decrypted": released(decrypted)
}
export type InboundEvent = EventOf<typeof events>

// Commands

export type InboundCommand = { readonly _tag: "Receive"; readonly fact: ReceivedFact }

export class InboundRejected extends Schema.TaggedError<InboundRejected>()("InboundRejected", {
  /** Recorded under this id is something else. */
  reason: Schema.Literals(["other_content"])
}) {}

// State

interface Heard {
  readonly contentDigest: string
  readonly chat: ReadonlyArray<SubjectId>
  readonly sender: ReadonlyArray<SubjectId>
}

export type InboundState =
  | { readonly _tag: "Nothing" }
  | (Heard & { readonly _tag: "Received"; readonly isReadable: boolean })

/** The kind of what came and could not be read. */
export const undecryptable = "undecryptable"

const meet = (some: ReadonlyArray<SubjectId>, others: ReadonlyArray<SubjectId>) => some.some((_) => others.includes(_))

type Decision = Result.Result<ReadonlyArray<InboundEvent>, InboundRejected>
const accept = (...events: ReadonlyArray<InboundEvent>): Decision => Result.succeed(events)

const decider: Decider<InboundState, InboundCommand, InboundEvent, InboundRejected> = {
  initialState: { _tag: "Nothing" },

  decide: ({ fact }, state) => {
    if (state._tag === "Nothing") return accept({ type: "inbound.received", data: fact })
    const { chat, content, contentDigest, heardAt, sender, target } = fact
    const isOfTheSame = meet(chat.names, state.chat) && meet(sender.names, state.sender)
    if (isOfTheSame && (contentDigest === state.contentDigest || content.kind === undecryptable)) return accept()
    if (!isOfTheSame || state.isReadable) return Result.fail(new InboundRejected({ reason: "other_content" }))
    const about = target === undefined ? {} : { target }
    return accept({ type: "inbound.decrypted", data: { content, ...about, contentDigest, heardAt } })
  },

  evolve: (state, { data, type }) => {
    if (type === "inbound.decrypted") {
      return state._tag === "Nothing" ? state : { ...state, contentDigest: data.contentDigest, isReadable: true }
    }
    const { chat, content, contentDigest, sender } = data
    const isReadable = content.kind !== undecryptable
    return { _tag: "Received", isReadable, contentDigest, chat: chat.names, sender: sender.names }
  }
}

export const Inbound: Aggregate<InboundId, InboundState, InboundCommand, InboundEvent, InboundRejected> = aggregate({
  category: "inbound",
  events,
  decider,
  isSettled: () => true
})
