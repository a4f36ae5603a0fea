import { Effect } from "effect"
import type { EndpointId } from "#domain/Ids.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"

/** Address and secrets of an endpoint that is no more can never be read again. */
export const make = Effect.gen(function* () {
  const keys = yield* SubjectKeys
  const personal = yield* Personal
  const { tenant } = yield* Provenance
  return (id: EndpointId) => keys.destroy(tenant, personal.subjectOf("endpoint", id))
})
