import { Context, Effect, Layer, Schema } from "effect"
import type { DeviceId, EventId, InboundId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Chat, Person } from "#domain/inbound/Heard.ts"
import { Inbound, type InboundRejected, type ReadRequested, type Withholding } from "#domain/inbound/Inbound.ts"
import type { WholeHeard } from "#domain/inbound/Whole.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { Actor, RecordedEvent } from "#domain/Recorded.ts"
import type { ReadBox } from "#domain/wire/Protocol.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Caller } from "../runtime/Caller.ts"
import { evolve, type SealedFact } from "./FactDocument.ts"
import { InboundActors } from "./InboundActors.ts"
import { namesOf } from "./Names.ts"

/** An agent that was away for longer does not do it any more, unless it is asked again. */
const patienceMillis = 7 * 24 * 3_600_000

/** Nobody is told whether this was read: the account itself said it, or it was not said to people. */
export class NotForReading extends Schema.TaggedError<NotForReading>()("NotForReading", {}) {}
/** Its device is linked no more, so nobody can tell WhatsApp. */
export class ReaderUnlinked extends Schema.TaggedError<ReaderUnlinked>()("ReaderUnlinked", {}) {}

type Unavailable = EventStoreUnavailable | SubjectKeysUnavailable

/** What was read of what devices heard, and that WhatsApp is to be told. */
export class Readings extends Context.Service<
  Readings,
  {
    /** That what is heard now is to be marked as read, sealed for the event with this id. */
    readonly requestOf: (
      heard: Pick<WholeHeard, "chat" | "fromMe" | "sender" | "waMessageId">,
      device: DeviceId
    ) => Effect.Effect<(event: EventId, at: Instant) => ReadRequested, SubjectKeysUnavailable>
    /** Asks the fact's device to tell WhatsApp. `undefined` for what is not there for `mayUse`. */
    readonly ask: (
      caller: Caller,
      id: InboundId,
      mayUse: (device: DeviceId) => boolean
    ) => Effect.Effect<SealedFact | undefined, NotForReading | ReaderUnlinked | Unavailable>
    /** An agent says that WhatsApp was told. */
    readonly record: (
      id: InboundId,
      told: {
        readonly answers: EventId
        readonly device: DeviceId
        readonly at: Instant
        readonly actor: Actor
        readonly eventId: EventId
      }
    ) => Effect.Effect<unknown, InboundRejected | EventStoreUnavailable>
    /** Nobody can tell WhatsApp what was asked by this event: it is issued no more. Answers whether that is new. */
    readonly withhold: (
      asked: RecordedEvent,
      reason: Withholding
    ) => Effect.Effect<boolean, InboundRejected | EventStoreUnavailable>
  }
>()("homing/services/inbound/Readings") {}

const decodeChat = Schema.decodeUnknownSync(Schema.fromJsonString(Chat))
const decodePerson = Schema.decodeUnknownSync(Schema.fromJsonString(Person))

export const layer = Layer.effect(
  Readings,
  Effect.gen(function* () {
    const actors = yield* InboundActors
    const personal = yield* Personal
    const registry = yield* DeviceRegistry
    const store = yield* EventStore

    const requesting = Effect.fnUntraced(function* (device: DeviceId, message: ReadBox) {
      const seal = yield* personal.sealFor(...namesOf(message.chat)[0]!)
      return (event: EventId, at: Instant): ReadRequested => ({
        device,
        transport: "whatsapp-web",
        message: seal(event, "message", JSON.stringify(message)),
        expiresAt: fromMillis(toMillis(at) + patienceMillis)
      })
    })

    const find = (id: InboundId) =>
      Effect.map(store.read(Inbound.streamOf(id)), (events) =>
        events.reduce<SealedFact | undefined>((before, event) => evolve(id, before, event), undefined)
      )

    /** Where it was said and by whom, if that can be read. */
    const messageOf = Effect.fnUntraced(function* ({ event, id, received, tenant }: SealedFact) {
      const { chat, fromMe, sender, waMessageId } = received
      const stream = Inbound.streamOf(id)
      const reveal = (sealed: typeof chat.address, field: string) =>
        personal.reveal(sealed, { tenant, event, field }, { stream, subject: sealed.subject })
      const where = yield* reveal(chat.address, "chat")
      const who = yield* reveal(sender.address, "sender")
      if (where === undefined || who === undefined) return undefined
      const message: ReadBox = {
        chat: decodeChat(where),
        target: { waMessageId, fromMe, sender: decodePerson(who) }
      }
      return message
    })

    return {
      requestOf: ({ chat, fromMe, sender, waMessageId }, device) =>
        requesting(device, { chat, target: { waMessageId, fromMe, sender } }),

      ask: Effect.fnUntraced(function* ({ key }, id, mayUse) {
        const fact = yield* find(id)
        const device = fact?.received.source.device
        if (fact === undefined || device === undefined || !mayUse(device)) return undefined
        if (fact.reading?.markedAt !== undefined) return fact
        const record = registry.get(device)
        if (record?.paired !== true || record.removal !== undefined) return yield* new ReaderUnlinked()
        const message = yield* messageOf(fact)
        if (message === undefined) return yield* new NotForReading()
        const request = yield* requesting(device, message)
        const origin = { actor: { kind: "api_key", id: key }, correlationId: id, causationId: id } as const
        yield* actors
          .execute(
            Inbound.streamOf(id),
            ({ at, eventId }) => ({ _tag: "AskToRead", reading: request(eventId(0), at), at }),
            origin
          )
          .pipe(
            Effect.catchTag("InboundRejected", (rejected) =>
              rejected.reason === "not_for_reading" ? new NotForReading() : Effect.die(rejected)
            )
          )
        return yield* find(id)
      }),

      record: (id, { actor, eventId, ...told }) =>
        actors.execute(
          Inbound.streamOf(id),
          () => ({ _tag: "MarkRead", ...told }),
          { actor, correlationId: id, causationId: told.answers },
          { eventId }
        ),

      withhold: ({ eventId: answers, stream }, reason) =>
        Effect.map(
          actors.execute(stream, () => ({ _tag: "WithholdRead", answers, reason }), {
            actor: { kind: "gateway", id: "dispatcher" },
            correlationId: Inbound.idOf(stream),
            causationId: answers
          }),
          ({ events }) => events.length > 0
        )
    }
  })
)
