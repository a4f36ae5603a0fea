import { Context, Effect, Layer, Metric } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { contentDigestOf, inboundIdOf, reportIdOf, subjectIdOf } from "#domain/Identifiers.ts"
import { type BatchId, BlobId, type EventId, type MetaApp } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { MetaFact, type MetaReceived } from "#domain/meta/MetaFact.ts"
import { sortedText } from "#domain/meta/MetaJson.ts"
import { accountOf, namesOf } from "#domain/meta/Names.ts"
import type { Piece } from "#domain/meta/Splitting.ts"
import { Blobs, type BlobsUnavailable } from "#domain/ports/Blobs.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { FactActors } from "./FactActors.ts"
import { actor } from "./Keeping.ts"

/** What is longer stands in a blob: an event is handed whole to everybody who follows the log. */
export const longestChange = 192 * 1024

const conflicts = Metric.counter("homing_meta_facts_conflicting_total", {
  description: "Facts of Meta's under a name that another fact has."
})

/** In which request a piece came. */
export interface Arrival {
  readonly app: MetaApp
  readonly batch: BatchId
  readonly receivedAt: Instant
  /** Where in which trace it is taken apart. */
  readonly trace?: string | undefined
}

type Unavailable = BlobsUnavailable | EventStoreUnavailable | SubjectKeysUnavailable

/** What Meta told becomes facts, each recorded once however often, and in whichever requests, it is told. */
export class MetaFacts extends Context.Service<
  MetaFacts,
  {
    /** Answers whether another fact of the same name says something else. */
    readonly receive: (
      piece: Piece,
      arrival: Arrival
    ) => Effect.Effect<{ readonly isConflicting: boolean }, Unavailable>
  }
>()("homing/services/meta/MetaFacts") {}

/** Seconds since 1970, where it is that and a moment that can be written. */
const momentIn = (seconds: string | undefined): Instant | undefined =>
  seconds !== undefined && /^\d{1,11}$/.test(seconds) ? fromMillis(Number(seconds) * 1_000) : undefined

export const layer = Layer.effect(
  MetaFacts,
  Effect.gen(function* () {
    const actors = yield* FactActors
    const blobs = yield* Blobs
    const crypto = yield* Crypto
    const personal = yield* Personal
    const { pepper, tenant } = yield* Provenance

    const digestOf = (text: string) => contentDigestOf(crypto, pepper, text)
    const subjectOf = ([kind, identity]: readonly [string, string]) =>
      subjectIdOf(crypto, pepper, tenant, kind, identity)

    const wordsOf = Effect.fnUntraced(function* (blob: BlobId, event: EventId, { app }: Arrival, piece: Piece) {
      const names = namesOf(piece.person)
      const text = JSON.stringify(piece.payload)
      const isLong = text.length > longestChange
      if (isLong) yield* blobs.put(blob, utf8(text))
      if (isLong && names.length === 0) return { blob }
      const seal = yield* personal.sealFor(...(names[0] ?? accountOf(app, piece.account)))
      return {
        ...(names.length > 0 && {
          person: { names: names.map(subjectOf), address: seal(event, "address", JSON.stringify(piece.person)) }
        }),
        ...(isLong ? { blob } : { change: seal(event, "change", text) })
      }
    })

    const factOf = Effect.fnUntraced(function* (
      blob: BlobId,
      event: EventId,
      piece: Piece,
      arrival: Arrival,
      contentDigest: string
    ) {
      const { about, account, field, group, kind, message, phoneNumberId, saidAt, status } = piece
      const sentAt = momentIn(saidAt)
      const messageOf = (name: string) => digestOf(JSON.stringify(["message", phoneNumberId ?? "", name]))
      const fact: MetaReceived = {
        source: { kind: "meta", app: arrival.app },
        ...(account !== undefined && { account }),
        ...(phoneNumberId !== undefined && { phoneNumberId }),
        field,
        kind,
        ...(yield* wordsOf(blob, event, arrival, piece)),
        ...(group !== undefined && { group: subjectOf(["group", group]) }),
        ...(status !== undefined && { status }),
        ...(about !== undefined && { target: messageOf(about) }),
        ...(message !== undefined && { message: messageOf(message) }),
        contentDigest,
        ...(kind === "history" && { isHistory: true as const }),
        ...(kind === "echo" && { fromMe: true as const }),
        ...(sentAt !== undefined && { sentAt }),
        receivedAt: arrival.receivedAt,
        batch: arrival.batch
      }
      return fact
    })

    return {
      receive: Effect.fnUntraced(function* (piece, arrival) {
        const contentDigest = digestOf(sortedText(piece.gist))
        const idOf = (other?: string) =>
          inboundIdOf(crypto, pepper, tenant, ["meta", arrival.app], piece.identity, other)
        // of what is said under this name: whichever fact it becomes, its text was put for that one
        const blob = BlobId.make(reportIdOf(crypto, idOf(), 1, contentDigest))
        const record = Effect.fnUntraced(function* (other?: string) {
          const id = idOf(other)
          const eventId = reportIdOf(crypto, id, 1, contentDigest)
          const fact = yield* factOf(blob, eventId, piece, arrival, contentDigest)
          const told = other === undefined ? fact : ({ ...fact, conflicting: true } as const)
          const origin = { actor, correlationId: id, causationId: arrival.batch, trace: arrival.trace }
          const command = () => ({ _tag: "Receive", fact: told }) as const
          yield* actors.execute(MetaFact.streamOf(id), command, origin, { eventId, expectNew: true })
          return { isConflicting: other !== undefined }
        })
        // under the same name Meta says something else: neither is lost, nor taken for the other
        return yield* Effect.catchTag(record(), "MetaFactRejected", () =>
          Metric.update(conflicts, 1).pipe(
            Effect.andThen(
              Effect.logWarning("Meta told two things under one name; both are recorded", { app: arrival.app })
            ),
            Effect.andThen(record(contentDigest)),
            Effect.catchTag("MetaFactRejected", Effect.die)
          )
        )
      })
    }
  })
)
