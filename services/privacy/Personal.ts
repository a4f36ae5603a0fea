import { Context, Effect, Layer } from "effect"
import { subjectIdOf } from "#domain/Identifiers.ts"
import type { EventId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys, type SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { openWith, type Place, seal } from "#domain/privacy/Sealing.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { Provenance } from "../runtime/Provenance.ts"

/** Seals a field of this event, under the data key of one subject. */
export type Seal = (event: EventId, field: string, value: string) => Sealed

/** Personal data, on its way into what is stored and out of it. */
export class Personal extends Context.Service<
  Personal,
  {
    /** For what is about this person or thing: its data key is there, durably, before the first use. */
    readonly sealFor: (kind: string, identity: string) => Effect.Effect<Seal, SubjectKeysUnavailable>
    /**
     * What was sealed at this place. What was erased, or whose key is lost, is absent; what is damaged is a defect:
     * somebody has changed what was stored.
     */
    readonly reveal: (sealed: Sealed, place: Place) => Effect.Effect<string | undefined, SubjectKeysUnavailable>
  }
>()("homing/services/privacy/Personal") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const keys = yield* SubjectKeys
      const { pepper, tenant } = yield* Provenance
      return {
        sealFor: (kind, identity) => {
          const subject = subjectIdOf(crypto, pepper, tenant, kind, identity)
          return Effect.map(
            keys.obtain(tenant, subject),
            (key): Seal =>
              (event, field, value) =>
                seal(crypto, subject, key, { tenant, event, field }, value)
          )
        },
        reveal: (sealed, place) =>
          Effect.catchTag(openWith(crypto, keys, sealed, place), "Unreadable", (unreadable) =>
            unreadable.reason === "damaged" ? Effect.die(unreadable) : Effect.succeed(undefined)
          )
      }
    })
  )
}
