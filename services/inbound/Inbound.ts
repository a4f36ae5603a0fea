import canonicalize from "canonicalize"
import { Context, Effect, Layer, Metric } from "effect"
import { contentDigestOf, inboundIdOf, reportIdOf, subjectIdOf } from "#domain/Identifiers.ts"
import type { DeviceId, EventId, InboundId, SubjectId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { gistOf } from "#domain/inbound/Gist.ts"
import type { Chat, Heard, Person } from "#domain/inbound/Heard.ts"
import { Inbound, type InboundRejected, type ReceivedFact } from "#domain/inbound/Inbound.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { Personal } from "../privacy/Personal.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import { type Origin, Provenance } from "../runtime/Provenance.ts"

const conflicts = Metric.counter("homing_facts_conflicting_total", {
  description: "Facts under an id of their source that another fact has."
})

/** Everything by which the source names it, what it is best known by first. */
const namesOf = (chat: Chat): ReadonlyArray<readonly [kind: string, identity: string]> => {
  if (chat.kind !== "person") return [[chat.kind, chat.address]]
  const { lid, phone } = chat satisfies Person
  return [
    ...(phone === undefined ? [] : [["phone", phone] as const]),
    ...(lid === undefined ? [] : [["lid", lid] as const])
  ]
}

/** What was heard becomes facts, each recorded once however often it is told. */
export class Facts extends Context.Service<
  Facts,
  {
    /** Answers with the fact's id. */
    readonly receive: (
      heard: Heard,
      from: { readonly device: DeviceId; readonly at: Instant; readonly origin: Omit<Origin, "correlationId"> }
    ) => Effect.Effect<InboundId, InboundRejected | EventStoreUnavailable | SubjectKeysUnavailable>
  }
>()("homing/services/inbound/Facts") {}

export const layer = Layer.effect(
  Facts,
  Effect.gen(function* () {
    const actors = yield* AggregateActors.make(Inbound)
    const crypto = yield* Crypto
    const personal = yield* Personal
    const { pepper, tenant } = yield* Provenance

    const digestOf = (value: unknown) => contentDigestOf(crypto, pepper, canonicalize(value)!)
    const subjectsOf = (chat: Chat): ReadonlyArray<SubjectId> =>
      namesOf(chat).map(([kind, identity]) => subjectIdOf(crypto, pepper, tenant, kind, identity))

    const factOf = Effect.fnUntraced(function* (event: EventId, heard: Heard, device: DeviceId, heardAt: Instant) {
      const { chat, content, fromMe, isHistory, name, sender, sentAt, waMessageId } = heard
      const ofTheChat = yield* personal.sealFor(...namesOf(chat)[0]!)
      const ofTheSender = yield* personal.sealFor(...namesOf(sender)[0]!)
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
        content: { kind: content.type, body: ofTheSender(event, "content", JSON.stringify(content)) },
        ...("target" in content && {
          target: { waMessageId: content.target.waMessageId, fromMe: content.target.fromMe }
        }),
        ...(isHistory && { isHistory }),
        contentDigest: digestOf(gistOf(content)),
        ...(sentAt !== undefined && { sentAt }),
        heardAt
      }
      return fact
    })

    return {
      receive: Effect.fnUntraced(function* (heard, { at, device, origin }) {
        const { chat, content, fromMe, sender, waMessageId } = heard
        const gist = gistOf(content)
        const record = Effect.fnUntraced(function* (other?: string) {
          const id = inboundIdOf(crypto, pepper, tenant, ["device", device], [waMessageId, String(fromMe)], other)
          const eventId = reportIdOf(crypto, id, 1, digestOf(gist))
          const fact = yield* factOf(eventId, heard, device, at)
          const told = other === undefined ? fact : ({ ...fact, conflicting: true } as const)
          const command = { _tag: "Receive", fact: told } as const
          yield* actors.execute(Inbound.streamOf(id), () => command, { ...origin, correlationId: id }, { eventId })
          return id
        })
        // under the same name somebody says something else: neither is lost, nor taken for the other
        return yield* Effect.catchTag(record(), "InboundRejected", () =>
          Metric.update(conflicts, 1).pipe(
            Effect.andThen(Effect.logWarning("two things were heard under one id; both are recorded", { device })),
            Effect.andThen(record(digestOf({ chat, content: gist, sender })))
          )
        )
      })
    }
  })
)
