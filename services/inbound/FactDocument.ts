import { Effect, Schema } from "effect"
import type { EventId, TenantId } from "#domain/Ids.ts"
import { Chat, HeardContent, Person } from "#domain/inbound/Heard.ts"
import type { ReceivedFact } from "#domain/inbound/Inbound.ts"
import type { Fact } from "../api/Facts.ts"
import type { Personal } from "../privacy/Personal.ts"

/** Where a box stands. */
interface Place {
  readonly tenant: TenantId
  readonly event: EventId
}
type Said = ReceivedFact["content"]
type Shown<K extends keyof typeof Fact.Type> = Pick<typeof Fact.Type, K>

const decodeChat = Schema.decodeUnknownSync(Schema.fromJsonString(Chat))
const decodePerson = Schema.decodeUnknownSync(Schema.fromJsonString(Person))
const decodeContent = Schema.decodeUnknownSync(Schema.fromJsonString(HeardContent))

const kinds: ReadonlySet<string> = new Set(HeardContent.members.map(({ fields }) => fields.type.literal))

/** The members of `address` that name it, but for its kind. */
const namesIn = ({ kind: _, ...names }: Chat) => names

/** What was said, opened where `personal` is given. Of a kind that only a newer release knows, the kind alone. */
export const saidJson = Effect.fnUntraced(function* (
  personal: Personal["Service"] | undefined,
  { body, kind }: Said,
  place: Place
) {
  const content = kinds.has(kind) ? yield* opened(personal, body, { ...place, field: "content" }) : undefined
  const shown: Shown<"kind" | "content"> = { kind, ...(content !== undefined && { content: decodeContent(content) }) }
  return shown
})

const opened = (personal: Personal["Service"] | undefined, ...asked: Parameters<Personal["Service"]["reveal"]>) =>
  personal === undefined ? Effect.succeed(undefined) : personal.reveal(...asked)

/** A fact's first event as it is told; what is personal in it only where `personal` is given. */
export const factJson = Effect.fnUntraced(function* (
  personal: Personal["Service"] | undefined,
  id: string,
  { chat, content, conflicting, fromMe, heardAt, sender, sentAt, source, waMessageId }: ReceivedFact,
  place: Place
) {
  const where = yield* opened(personal, chat.address, { ...place, field: "chat" })
  const who = yield* opened(personal, sender.address, { ...place, field: "sender" })
  const name = sender.name && (yield* opened(personal, sender.name, { ...place, field: "name" }))
  const fact: typeof Fact.Type = {
    id,
    device: source.device,
    waMessageId,
    fromMe,
    chat: { kind: chat.kind, names: chat.names, ...(where !== undefined && namesIn(decodeChat(where))) },
    sender: {
      names: sender.names,
      ...(who !== undefined && namesIn(decodePerson(who))),
      ...(name !== undefined && { name })
    },
    ...(yield* saidJson(personal, content, place)),
    ...(conflicting && { conflicting }),
    ...(sentAt !== undefined && { sentAt }),
    heardAt
  }
  return fact
})
