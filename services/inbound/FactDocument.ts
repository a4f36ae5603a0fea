import { Effect, Option, Schema } from "effect"
import { EventId, type InboundId, type StreamId, type TenantId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { chatOf } from "#domain/inbound/Gist.ts"
import { Chat, HeardContent, Person } from "#domain/inbound/Heard.ts"
import { AboutTarget, Inbound, type Received, SaidContent } from "#domain/inbound/Inbound.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import type { Fact } from "../api/Facts.ts"
import type { Personal } from "../privacy/Personal.ts"

/** Where boxes stand. */
interface Place {
  readonly tenant: TenantId
  readonly stream: StreamId
  readonly event: EventId
}
type Shown<K extends keyof typeof Fact.Type> = Pick<typeof Fact.Type, K>

/** What only a newer release can say is absent here, and hides nothing beside it. */
const readable = <A>(shape: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownOption(Schema.fromJsonString(shape))
  return (json: string | undefined): A | undefined =>
    json === undefined ? undefined : Option.getOrUndefined(decode(json))
}
const decodeChat = readable(Chat)
const decodePerson = readable(Person)
const decodeContent = readable(HeardContent)

const kinds: ReadonlySet<string> = new Set(HeardContent.members.map(({ fields }) => fields.type.literal))

/** The members of `address` that name it, but for its kind. What it is called names nothing: that changes. */
const namesIn = (chat: Chat | undefined) => {
  if (chat === undefined) return {}
  const { kind: _, ...names } = chatOf(chat)
  return names
}

/** What it was called by then. */
const calledIn = (chat: Chat | undefined) =>
  chat !== undefined && "name" in chat && chat.name !== undefined ? { name: chat.name } : {}

/** What was said, opened where `personal` is given. Of a kind that only a newer release knows, the kind alone. */
export const saidJson = Effect.fnUntraced(function* (
  personal: Personal["Service"] | undefined,
  { body, kind }: typeof SaidContent.Type,
  place: Place
) {
  const content = decodeContent(kinds.has(kind) ? yield* opened(personal, body, place, "content") : undefined)
  const shown: Shown<"kind" | "content"> = { kind, ...(content !== undefined && { content }) }
  return shown
})

/** Under whose key it is follows from nothing but itself: a fact is whoever's it says. */
const opened = (
  personal: Personal["Service"] | undefined,
  sealed: Sealed,
  { event, stream, tenant }: Place,
  field: string
) =>
  personal === undefined
    ? Effect.succeed(undefined)
    : personal.reveal(sealed, { tenant, event, field }, { stream, subject: sealed.subject })

/** By which numbers and addresses the source names somebody or something. */
export const addressJson = (personal: Personal["Service"], sealed: Sealed, place: Place, field: "chat" | "sender") =>
  Effect.map(opened(personal, sealed, place, field), (where) => namesIn(decodeChat(where)))

/** What its chat was called when it was heard, where that was known. */
export const chatNameJson = (personal: Personal["Service"], { event, id, received, tenant }: SealedFact) =>
  Effect.map(
    opened(personal, received.chat.address, { tenant, stream: Inbound.streamOf(id), event }, "chat"),
    (where) => calledIn(decodeChat(where))
  )

/** What its sender calls themselves. */
export const nameJson = (personal: Personal["Service"], { event, id, received: { sender }, tenant }: SealedFact) =>
  sender.name === undefined
    ? Effect.succeed(undefined)
    : opened(personal, sender.name, { tenant, stream: Inbound.streamOf(id), event }, "name")

/** A fact's first event as it is told; what is personal in it only where `personal` is given. */
export const factJson = Effect.fnUntraced(function* (
  personal: Personal["Service"] | undefined,
  id: string,
  {
    chat,
    content,
    conflicting,
    fromMe,
    heardAt,
    isHistory,
    sender,
    sentAt,
    source,
    target,
    waMessageId
  }: typeof Received.Type,
  place: Place
) {
  const where = decodeChat(yield* opened(personal, chat.address, place, "chat"))
  const who = yield* opened(personal, sender.address, place, "sender")
  const name = sender.name && (yield* opened(personal, sender.name, place, "name"))
  const fact: typeof Fact.Type = {
    id,
    device: source.device,
    waMessageId,
    fromMe,
    chat: { kind: chat.kind, names: chat.names, ...namesIn(where), ...calledIn(where) },
    sender: {
      names: sender.names,
      ...namesIn(decodePerson(who)),
      ...(name !== undefined && { name })
    },
    ...(yield* saidJson(personal, content, place)),
    ...(target !== undefined && { target }),
    ...(isHistory && { isHistory }),
    ...(conflicting && { conflicting }),
    ...(sentAt !== undefined && { sentAt }),
    heardAt
  }
  return fact
})

/** What was said, and the event in which it is sealed. */
export const Said = Schema.Struct({ event: EventId, content: SaidContent, target: AboutTarget })

export const saidIn = (
  event: EventId,
  { content, target }: Pick<typeof Received.Type, "content" | "target">
): typeof Said.Type => ({ event, content, ...(target !== undefined && { target }) })

/** A fact folded from its stream, its personal data still sealed. */
export interface SealedFact {
  readonly id: InboundId
  readonly tenant: TenantId
  /** Its first: the place its other boxes are bound to. */
  readonly event: EventId
  readonly received: typeof Received.Type
  readonly said: typeof Said.Type
  readonly recordedAt: Instant
  readonly reading: typeof Reading.Type | undefined
}

/** That it was to be marked as read, and that it was. */
export const Reading = Schema.Struct({ askedAt: Instant, markedAt: Schema.optionalKey(Instant) })

/** One more event of the fact's stream; `undefined` before the first. */
export const evolve = (id: InboundId, fact: SealedFact | undefined, recorded: RecordedEvent): SealedFact => {
  const { eventId: event, metadata } = recorded
  const { occurredAt: at, tenant } = metadata
  const read = Inbound.read(recorded)
  if (read.type === "inbound.received") {
    return {
      id,
      tenant,
      event,
      received: read.data,
      said: saidIn(event, read.data),
      recordedAt: at,
      reading: undefined
    }
  }
  if (fact === undefined) throw new Error("a fact's stream must begin with inbound.received")
  if (read.type === "inbound.decrypted") return { ...fact, said: saidIn(event, read.data) }
  if (read.type === "inbound.read_withheld") return { ...fact, reading: undefined }
  return { ...fact, reading: readingAfter(fact.reading, read.type, at) }
}

type ReadEvent = "inbound.read_requested" | "inbound.read_marked"
/** Asked again, it was asked when it was asked last. */
export const readingAfter = (
  before: typeof Reading.Type | undefined,
  type: ReadEvent,
  at: Instant
): typeof Reading.Type =>
  type === "inbound.read_requested" ? { askedAt: at } : { askedAt: at, ...before, markedAt: at }

/** A fact as callers see it. */
export const present = Effect.fnUntraced(function* (
  personal: Personal["Service"],
  { event, id, reading, received, recordedAt, said, tenant }: SealedFact
) {
  const stream = Inbound.streamOf(id)
  const fact = yield* factJson(personal, id, received, { tenant, stream, event })
  const known = { ...(reading !== undefined && { reading }), recordedAt }
  if (said.event === event) return { ...fact, ...known }
  const { content: _, ...rest } = fact
  const shown = yield* saidJson(personal, said.content, { tenant, stream, event: said.event })
  return { ...rest, ...shown, ...(said.target !== undefined && { target: said.target }), ...known }
})
