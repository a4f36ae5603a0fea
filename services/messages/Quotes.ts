import { Effect, Schema } from "effect"
import { type DeviceId, InboundId, MessageId, type SubjectId } from "#domain/Ids.ts"
import { type HeardContent, Person, saidKinds } from "#domain/inbound/Heard.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { excerptOf, type Quote } from "#domain/inbound/Quote.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { clientOf, Roster } from "../access/Roster.ts"
import * as Facts from "../inbound/FactDocument.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Caller } from "../runtime/Caller.ts"
import * as Documents from "./MessageDocument.ts"
import { ReplyInAnotherChat, ReplyTargetUnknown, type SendRequest } from "./Messages.ts"

const isInboundId = Schema.is(InboundId)
const isMessageId = Schema.is(MessageId)
const decodePerson = Schema.decodeUnknownSync(Schema.fromJsonString(Person))

type Said = { readonly [member: string]: unknown }

/** By these names stand the words of what was heard, whatever its kind. */
const wordMembers = ["text", "caption", "fileName", "question", "name"] as const

const wordsIn = (content: HeardContent | Said): string | undefined => {
  const said = content as Said
  if (said.type === "other") return undefined // its name is WhatsApp's
  const found = wordMembers.map((member) => said[member]).find((words) => typeof words === "string" && words !== "")
  if (typeof found === "string") return excerptOf(found)
  const [card] = Array.isArray(said.cards) ? said.cards : []
  return typeof card?.name === "string" ? excerptOf(card.name) : undefined
}

const quoteOf = (target: Quote["target"], content: HeardContent | Said, kind: string): Quote => {
  const text = wordsIn(content)
  return { target, kind, ...(text !== undefined && { text }) }
}

/**
 * What a message shows of the one that it replies to. Nothing of it goes back to the caller: who may send from the device may
 * reply to what it heard, though it may not read that. Of messages it is those that the caller's own client has queued.
 */
export const make = Effect.gen(function* () {
  const personal = yield* Personal
  const roster = yield* Roster
  const store = yield* EventStore

  const ofFact = Effect.fnUntraced(function* (events: ReadonlyArray<RecordedEvent>, device: DeviceId, chat: SubjectId) {
    const id = Inbound.idOf(events[0]!.stream)
    const fact = events.reduce<Facts.SealedFact | undefined>(
      (before, event) => Facts.evolve(id, before, event),
      undefined
    )!
    const { event, received, said, tenant } = fact
    const { fromMe, sender, source, waMessageId } = received
    if (source.device !== device || !saidKinds.has(said.content.kind)) return new ReplyTargetUnknown()
    if (!received.chat.names.includes(chat)) return new ReplyInAnotherChat()
    const { stream } = events[0]!
    const shown = yield* Facts.saidJson(personal, said.content, { tenant, stream, event: said.event })
    const { subject } = sender.address
    const who = yield* personal.reveal(sender.address, { tenant, event, field: "sender" }, { stream, subject })
    const isThere = shown.content !== undefined && shown.kind !== "undecryptable" && who !== undefined
    if (!isThere) return new ReplyTargetUnknown()
    const target = { waMessageId, fromMe, sender: decodePerson(who) }
    return quoteOf(target, shown.content!, shown.kind)
  })

  const ofMessage = Effect.fnUntraced(function* (
    caller: Caller,
    [first]: ReadonlyArray<RecordedEvent>,
    device: DeviceId,
    chat: SubjectId
  ) {
    if (clientOf(roster, first!.metadata.actor) !== caller.client) return new ReplyTargetUnknown()
    const document = Documents.evolve(Message.idOf(first!.stream), undefined, first!)
    const { waMessageId } = document
    if (document.device !== device || waMessageId === undefined) return new ReplyTargetUnknown()
    if (document.recipient.address.subject !== chat) return new ReplyInAnotherChat()
    const { content } = yield* Documents.reveal(personal, document)
    if (content === undefined) return new ReplyTargetUnknown()
    return quoteOf({ waMessageId, fromMe: true }, content, content.type)
  })

  return (
    caller: Caller,
    id: string,
    { device, to }: Pick<SendRequest, "device" | "to">
  ): Effect.Effect<Quote | ReplyTargetUnknown | ReplyInAnotherChat, EventStoreUnavailable | SubjectKeysUnavailable> =>
    Effect.gen(function* () {
      const chat = personal.subjectOf(to.kind, to.address)
      const heard = isInboundId(id) ? yield* store.read(Inbound.streamOf(id)) : []
      if (heard.length > 0) return yield* ofFact(heard, device, chat)
      const sent = isMessageId(id) ? yield* store.read(Message.streamOf(id)) : []
      return sent.length > 0 ? yield* ofMessage(caller, sent, device, chat) : new ReplyTargetUnknown()
    })
})
