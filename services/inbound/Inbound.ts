import canonicalize from "canonicalize"
import { Context, Effect, Layer, Metric } from "effect"
import { contentDigestOf, inboundIdOf, reportIdOf, subjectIdOf } from "#domain/Identifiers.ts"
import type { DeviceId, EventId, InboundId, SubjectId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { chatOf } from "#domain/inbound/Gist.ts"
import type { Chat } from "#domain/inbound/Heard.ts"
import { Inbound, type InboundRejected, type ReceivedFact } from "#domain/inbound/Inbound.ts"
import { understood, type WholeHeard } from "#domain/inbound/Whole.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { Personal } from "../privacy/Personal.ts"
import { type Origin, Provenance } from "../runtime/Provenance.ts"
import { InboundActors } from "./InboundActors.ts"
import { namesOf } from "./Names.ts"
import { Readings } from "./Readings.ts"

const conflicts = Metric.counter("homing_facts_conflicting_total", {
  description: "Facts under an id of their source that another fact has."
})

type Understood = ReturnType<typeof understood>

const targetOf = ({ isAdmins, target }: Understood): Pick<ReceivedFact, "target"> => {
  if (target === undefined) return {}
  const { fromMe, waMessageId } = target
  return { target: { waMessageId, fromMe, ...(isAdmins && { byAdmin: true }) } }
}

/** What was heard becomes facts, each recorded once however often it is told. */
export class Facts extends Context.Service<
  Facts,
  {
    /** Answers with the fact's id. */
    readonly receive: (
      heard: WholeHeard,
      from: { readonly device: DeviceId; readonly at: Instant; readonly origin: Omit<Origin, "correlationId"> }
    ) => Effect.Effect<InboundId, InboundRejected | EventStoreUnavailable | SubjectKeysUnavailable>
  }
>()("homing/services/inbound/Facts") {}

export interface Options {
  /** What is heard is marked as read at WhatsApp. */
  readonly marksAsRead: boolean
}

export const layer = ({ marksAsRead }: Options) =>
  Layer.effect(
    Facts,
    Effect.gen(function* () {
      const actors = yield* InboundActors
      const crypto = yield* Crypto
      const personal = yield* Personal
      const readings = yield* Readings
      const { pepper, tenant } = yield* Provenance

      const digestOf = (value: unknown) => contentDigestOf(crypto, pepper, canonicalize(value)!)
      const subjectsOf = (chat: Chat): ReadonlyArray<SubjectId> =>
        namesOf(chat).map(([kind, identity]) => subjectIdOf(crypto, pepper, tenant, kind, identity))

      const factOf = Effect.fnUntraced(function* (
        event: EventId,
        heard: WholeHeard,
        said: Understood,
        device: DeviceId,
        heardAt: Instant
      ) {
        const { chat, content, fromMe, isHistory, name, sender, sentAt, waMessageId } = heard
        const ofTheChat = yield* personal.sealFor(...namesOf(chat)[0]!)
        const ofTheSender = yield* personal.sealFor(...namesOf(sender)[0]!)
        // what the account said to one person goes with that person when they are erased
        const ofTheWords = fromMe && chat.kind === "person" ? ofTheChat : ofTheSender
        const fact: ReceivedFact = {
          source: { kind: "device", device },
          waMessageId,
          fromMe,
          chat: { kind: chat.kind, names: subjectsOf(chat), address: ofTheChat(event, "chat", JSON.stringify(chat)) },
          sender: {
            names: subjectsOf(sender),
            address: ofTheSender(event, "sender", JSON.stringify(sender)),
            ...(name !== undefined && { name: ofTheSender(event, "name", name) })
          },
          content: { kind: content.type, body: ofTheWords(event, "content", JSON.stringify(content)) },
          ...targetOf(said),
          ...(isHistory && { isHistory }),
          contentDigest: digestOf(said.gist),
          ...(sentAt !== undefined && { sentAt }),
          heardAt
        }
        return fact
      })

      return {
        receive: Effect.fnUntraced(function* (heard, { at, device, origin }) {
          const { chat, content, fromMe, sender, waMessageId } = heard
          const said = understood(content)
          const { gist } = said
          const record = Effect.fnUntraced(function* (other?: string) {
            const id = inboundIdOf(crypto, pepper, tenant, ["device", device], [waMessageId, String(fromMe)], other)
            const eventId = reportIdOf(crypto, id, 1, digestOf(gist))
            const fact = yield* factOf(eventId, heard, said, device, at)
            const told = other === undefined ? fact : ({ ...fact, conflicting: true } as const)
            const request = marksAsRead ? yield* readings.requestOf(heard, device) : undefined
            yield* actors.execute(
              Inbound.streamOf(id),
              (decision) => ({
                _tag: "Receive",
                fact: told,
                isSealed: said.isSealed,
                ...(request && { reading: request(decision.eventId(1), decision.at) }) // behind the fact, in one append
              }),
              { ...origin, correlationId: id },
              { eventId }
            )
            return id
          })
          // under the same name somebody says something else: neither is lost, nor taken for the other
          return yield* Effect.catchTag(record(), "InboundRejected", () =>
            Metric.update(conflicts, 1).pipe(
              Effect.andThen(Effect.logWarning("two things were heard under one id; both are recorded", { device })),
              // by what is said alone: by which of their names somebody is known changes
              Effect.andThen(record(digestOf({ content: gist }))),
              // and somebody else has said the same
              Effect.catchTag("InboundRejected", () => record(digestOf({ chat: chatOf(chat), content: gist, sender })))
            )
          )
        })
      }
    })
  )
