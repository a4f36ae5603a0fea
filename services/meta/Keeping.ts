import { Clock, Effect } from "effect"
import { batchIdOf, sessionBatchIdOf } from "#domain/Identifiers.ts"
import { BlobId, MetaApp } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import * as RawWebhook from "#domain/meta/RawWebhook.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import { tally } from "#domain/wire/Tally.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { ended } from "../runtime/Traced.ts"
import * as Answer from "./Answer.ts"
import { BatchActors } from "./BatchActors.ts"
import type { Webhook } from "./Webhook.ts"

/** What of a request is kept. */
type Kept = Pick<Webhook, "app" | "bytes" | "headers">

const counted = {
  metric: "homing_meta_unkept_total",
  description: "Webhooks of Meta and of session sources that could not be kept, by what was away."
}

/** Of whoever came in by Meta's door. */
export const actor = { kind: "gateway", id: "meta" } as const

/**
 * Keeps a webhook as it came: its bytes on disk, then an event that names them, then the answer. The same bytes again are
 * the same webhook, and change nothing.
 */
export const make = Effect.fnUntraced(function* (proxy: string) {
  const actors = yield* BatchActors
  const blobs = yield* Blobs
  const crypto = yield* Crypto
  const traces = yield* Traces
  const { pepper, tenant } = yield* Provenance

  const unkept = tally({ ...counted, logged: "a webhook of Meta cannot be kept; Meta sends it again", whose: "app" })
  const unkeptOfSource = tally({
    ...counted,
    logged: "a webhook of a session source cannot be kept; whether it is sent again is up to that",
    whose: "source"
  })

  /** Bytes of before that do not open any more are as good as none: here they are again. */
  const keepBytes = Effect.fnUntraced(function* (blob: BlobId, kept: Uint8Array) {
    if (yield* blobs.put(blob, kept)) return
    const isThere = yield* Effect.catchTag(blobs.read(blob), "BlobDamaged", () => Effect.succeed(undefined))
    if (isThere !== undefined) return
    yield* blobs.destroy(blob)
    yield* blobs.put(blob, kept)
  })

  return ({ app: name, bytes, headers }: Kept, source?: "session"): Effect.Effect<Answer.Answer> => {
    const app = MetaApp.make(name)
    const id = (source === undefined ? batchIdOf : sessionBatchIdOf)(crypto, pepper, tenant, app, bytes)
    const blob = BlobId.make(id)
    const kept = RawWebhook.written({ headers, proxy, bytes })
    const span = traces?.enter("keep", undefined) // Meta begins none
    const keeping = Effect.gen(function* () {
      const receivedAt = fromMillis(yield* Clock.currentTimeMillis)
      yield* keepBytes(blob, kept)
      const { events, state } = yield* actors.execute(
        Batch.streamOf(id),
        () => ({
          _tag: "Receive",
          batch: { app, ...(source !== undefined && { source }), blob, bytes: bytes.length, receivedAt }
        }),
        { actor, correlationId: id, causationId: id, trace: span?.traceparent },
        { expectNew: true }
      )
      // what came long ago was taken apart long ago: its bytes do not come back
      if (events.length === 0 && state._tag === "Destroyed") yield* blobs.destroy(blob)
      return Answer.taken
    })
    return ended(keeping, span, { "homing.batch.id": id }).pipe(
      Effect.catchTag("BatchRejected", (rejected) => Effect.die(rejected)),
      Effect.catch(({ _tag }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          (source === undefined ? unkept : unkeptOfSource).count(
            _tag === "BlobsUnavailable" ? "blobs" : "log",
            name,
            now
          )
        ).pipe(Effect.as(Answer.unavailable("store")))
      )
    )
  }
})
