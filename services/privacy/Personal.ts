import { Context, Effect, Layer } from "effect"
import { subjectIdOf } from "#domain/Identifiers.ts"
import type { EventId, StreamId, SubjectId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys, type SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { openWith, type Place, seal } from "#domain/privacy/Sealing.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { Needs } from "../runtime/Needs.ts"
import { Provenance } from "../runtime/Provenance.ts"

/** Seals a field of this event, under the data key of one subject. */
export type Seal = (event: EventId, field: string, value: string) => Sealed

/** Whose a field is by all that is known without it: the stream it belongs to, and the subject that follows from that. */
export interface Whose {
  readonly stream: StreamId
  readonly subject: SubjectId
}

/** How many fields that cannot be read are told of, each once. */
const mostTold = 1_000

/** Personal data, on its way into what is stored and out of it. */
export class Personal extends Context.Service<
  Personal,
  {
    /** For what is about this person or thing: its data key is there, durably, before the first use. */
    readonly sealFor: (kind: string, identity: string) => Effect.Effect<Seal, SubjectKeysUnavailable>
    /**
     * What was sealed at this place. What was erased is absent, and so is what has lost its key or was changed where it was
     * stored, which is told once: whoever lists a hundred sees the others.
     */
    readonly reveal: (
      sealed: Sealed,
      place: Place,
      whose: Whose
    ) => Effect.Effect<string | undefined, SubjectKeysUnavailable>
    /** Whom `sealFor` seals under. */
    readonly subjectOf: (kind: string, identity: string) => SubjectId
  }
>()("homing/services/privacy/Personal") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const keys = yield* SubjectKeys
      const needs = yield* Needs
      needs.add({ ready: keys.ready })
      const { pepper, tenant } = yield* Provenance
      const subjectOf = (kind: string, identity: string) => subjectIdOf(crypto, pepper, tenant, kind, identity)
      const told = new Set<string>()
      const tell = (reason: "key_lost" | "damaged", { event, field }: Place, { stream }: Whose) =>
        Effect.suspend(() => {
          const name = `${event} ${field}`
          if (told.has(name) || told.size >= mostTold) return Effect.void
          told.add(name)
          const where = { stream, event, field }
          return reason === "key_lost"
            ? Effect.logWarning("a field cannot be read: there is no such subject key", where)
            : Effect.logError("a field is not what was sealed there; it is shown as absent", where)
        })
      return {
        subjectOf,
        sealFor: (kind, identity) => {
          const subject = subjectOf(kind, identity)
          return Effect.map(
            keys.obtain(tenant, subject),
            (key): Seal =>
              (event, field, value) =>
                seal(crypto, subject, key, { tenant, event, field }, value)
          )
        },
        reveal: (sealed, place, whose) =>
          Effect.catchTag(openWith(crypto, keys, sealed, place, whose.subject), "Unreadable", ({ reason }) =>
            Effect.as(reason === "erased" ? Effect.void : tell(reason, place, whose), undefined)
          )
      }
    })
  )
}
