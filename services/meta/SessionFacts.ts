import { Context, Effect, Layer, Metric } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { contentDigestOf, inboundIdOf, reportIdOf, subjectIdOf } from "#domain/Identifiers.ts"
import { BlobId, type EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { sortedText } from "#domain/meta/MetaJson.ts"
import { Blobs, type BlobsUnavailable } from "#domain/ports/Blobs.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { SessionFact, type SessionReceived } from "#domain/session/SessionFact.ts"
import type { Telling } from "#domain/session/Telling.ts"
import { Personal } from "../privacy/Personal.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { type Arrival, longestChange } from "./Facts.ts"

/** Of whoever came in by a session source's door. */
export const actor = { kind: "gateway", id: "sessions" } as const

const conflicts = Metric.counter("homing_session_facts_conflicting_total", {
  description: "Facts of session sources under a name that another fact has."
})

type Unavailable = BlobsUnavailable | EventStoreUnavailable | SubjectKeysUnavailable

/** What session sources told becomes facts, each recorded once however often it is told. */
export class SessionFacts extends Context.Service<
  SessionFacts,
  {
    /** Answers whether another fact of the same name says something else. */
    readonly receive: (
      telling: Telling,
      arrival: Arrival
    ) => Effect.Effect<{ readonly isConflicting: boolean }, Unavailable>
  }
>()("homing/services/meta/SessionFacts") {}

export const layer = Layer.effect(
  SessionFacts,
  Effect.gen(function* () {
    const actors = yield* AggregateActors.make(SessionFact)
    const blobs = yield* Blobs
    const crypto = yield* Crypto
    const personal = yield* Personal
    const { pepper, tenant } = yield* Provenance

    const digestOf = (text: string) => contentDigestOf(crypto, pepper, text)

    const factOf = Effect.fnUntraced(function* (
      blob: BlobId,
      event: EventId,
      telling: Telling,
      { app: name, batch, receivedAt }: Arrival,
      contentDigest: string
    ) {
      const { id, isFromMe, person, saidAt, session } = telling
      const seal = yield* personal.sealFor(...(person ?? (["session", `${name}/${session}`] as const)))
      const text = JSON.stringify(telling.payload)
      const isLong = text.length > longestChange
      if (isLong) yield* blobs.put(blob, utf8(text))
      const fact: SessionReceived = {
        source: { kind: "session", name },
        account: session,
        event: telling.event,
        ...(person !== undefined && {
          person: {
            names: [subjectIdOf(crypto, pepper, tenant, ...person)],
            address: seal(event, "address", JSON.stringify(person))
          }
        }),
        ...(id !== undefined && { message: digestOf(JSON.stringify(["message", name, session, id])) }),
        ...(isLong ? { blob } : { payload: seal(event, "payload", text) }),
        contentDigest,
        ...(isFromMe && { fromMe: true as const }),
        ...(saidAt !== undefined && { sentAt: fromMillis(saidAt) }),
        receivedAt,
        batch
      }
      return fact
    })

    return {
      receive: Effect.fnUntraced(function* (telling, arrival) {
        const contentDigest = digestOf(sortedText(telling.payload))
        const idOf = (other?: string) =>
          inboundIdOf(crypto, pepper, tenant, ["session", arrival.app], telling.identity, other)
        const blob = BlobId.make(reportIdOf(crypto, idOf(), 1, contentDigest))
        const record = Effect.fnUntraced(function* (other?: string) {
          const id = idOf(other)
          const eventId = reportIdOf(crypto, id, 1, contentDigest)
          const fact = yield* factOf(blob, eventId, telling, arrival, contentDigest)
          const told = other === undefined ? fact : ({ ...fact, conflicting: true } as const)
          const origin = { actor, correlationId: id, causationId: arrival.batch, trace: arrival.trace }
          const command = () => ({ _tag: "Receive", fact: told }) as const
          yield* actors.execute(SessionFact.streamOf(id), command, origin, { eventId, expectNew: true })
          return { isConflicting: other !== undefined }
        })
        // under the same name it says something else: neither is lost, nor taken for the other
        return yield* Effect.catchTag(record(), "SessionFactRejected", () =>
          Metric.update(conflicts, 1).pipe(
            Effect.andThen(record(contentDigest)),
            Effect.catchTag("SessionFactRejected", Effect.die)
          )
        )
      })
    }
  })
)
