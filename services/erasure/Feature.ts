import { Effect, Layer } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { Erasure } from "#domain/privacy/Erasure.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Registrations } from "../views/Registrations.ts"
import * as Eraser from "./Eraser.ts"
import * as ErasureActors from "./ErasureActors.ts"
import * as ErasureRows from "./ErasureRows.ts"
import * as Erasures from "./Erasures.ts"
import * as ErasuresHttp from "./ErasuresHttp.ts"
import * as PeopleRows from "./PeopleRows.ts"

/**
 * What registers itself, to be written as rows. Every gateway follows what is erased, and remembers no key of it: whichever
 * of them destroyed it.
 */
export const projections = Layer.effectDiscard(
  Effect.gen(function* () {
    const keys = yield* SubjectKeys
    const { tenant } = yield* Provenance
    const { register } = yield* Registrations
    register({ rows: PeopleRows.view })
    register({
      rows: ErasureRows.view,
      memory: {
        hydrate: () => Effect.void,
        follow: (events) => {
          for (const event of events.filter(isReleased)) {
            const { data, type } = Erasure.read(event)
            for (const name of type === "erasure.done" ? data.names : []) keys.forget(tenant, name)
          }
        }
      }
    })
  })
)

export interface Options extends Eraser.Options {}

/** People are erased, for whoever asks. */
export const layer = (phoneNumber: ReadPhoneNumber, options: Options = {}) =>
  Layer.merge(ErasuresHttp.layer(phoneNumber), Eraser.layer(options)).pipe(
    Layer.provide(Erasures.layer),
    Layer.provide(ErasureActors.layer)
  )
