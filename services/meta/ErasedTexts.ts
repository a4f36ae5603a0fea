import { Effect } from "effect"
import type { BlobId, StreamId } from "#domain/Ids.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { Provenance } from "../runtime/Provenance.ts"

interface Recorded {
  readonly blob?: BlobId
  readonly person?: { readonly address: Sealed }
}

/**
 * To be asked of each fact whose long text was put. It may have been recorded long ago, is told again, and its person was
 * erased in between: then the text is destroyed once more, as no erasure will look for it. An append does not tell a repeat.
 */
export const make = Effect.gen(function* () {
  const blobs = yield* Blobs
  const keys = yield* SubjectKeys
  const store = yield* EventStore
  const { tenant } = yield* Provenance

  return Effect.fnUntraced(function* (stream: StreamId, read: (event: RecordedEvent) => { readonly data: Recorded }) {
    const [event] = yield* store.read(stream)
    const { blob, person }: Recorded = event === undefined ? {} : read(event).data
    if (blob === undefined || person === undefined) return
    const { key, subject } = person.address
    keys.forget(tenant, subject) // another gateway may have destroyed it a moment ago
    if ((yield* keys.find(tenant, subject, key)) === "destroyed") yield* blobs.destroy(blob)
  })
})
