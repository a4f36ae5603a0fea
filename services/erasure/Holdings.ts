import { Effect } from "effect"
import { type BatchId, BlobId, type SubjectId } from "#domain/Ids.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { Gathered } from "#domain/privacy/Erasure.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Names from "./Names.ts"
import * as PeopleRows from "./PeopleRows.ts"

/** What there is of a person to be destroyed. */
export interface Holding {
  readonly names: ReadonlyArray<SubjectId>
  readonly keys: number
  readonly requests: ReadonlyArray<BatchId>
  readonly texts: ReadonlyArray<BlobId>
}

export const countsOf = ({ keys, names, requests, texts }: Holding): Gathered => ({
  names,
  keys,
  requests: requests.length,
  texts: texts.length
})

/** What this gateway has of a person, as far as its rows have come. Nothing personal is opened to find it. */
export const make = Effect.gen(function* () {
  const blobs = yield* Blobs
  const keys = yield* SubjectKeys
  const namesOf = yield* Names.make
  const people = yield* PeopleRows.make
  const { tenant } = yield* Provenance

  /** One that an earlier erasure has destroyed is named by its rows for ever; what is damaged is there. */
  const isThere = (blob: BlobId) =>
    blobs.read(blob).pipe(
      Effect.map((bytes) => bytes !== undefined),
      Effect.catchTag("BlobDamaged", () => Effect.succeed(true))
    )

  return Effect.fnUntraced(function* (subject: SubjectId) {
    const names = yield* namesOf(subject)
    const found = yield* Effect.forEach(names, (name) => keys.all(tenant, name))
    const requests = yield* people.requestsOf(names)
    const texts = yield* Effect.filter(yield* people.textsOf(names), isThere)
    const holding: Holding = { names, keys: found.flat().length, requests, texts }
    return holding
  })
})

/** The bytes of a request have its name. */
export const rawOf = (request: BatchId): BlobId => BlobId.make(request)
