import { Effect } from "effect"
import type { ArchivedRequest, ArchivedRouting } from "#domain/archive/Lines.ts"
import { type Masks, masked } from "#domain/archive/Masking.ts"
import { fromUtf8, utf8 } from "#domain/Bytes.ts"
import { rawDigestOf } from "#domain/Identifiers.ts"
import { Batch, type ReceivedBatch } from "#domain/meta/Batch.ts"
import { readObject } from "#domain/meta/MetaJson.ts"
import * as RawWebhook from "#domain/meta/RawWebhook.ts"
import type { ArchiveRecord } from "#domain/ports/Archive.ts"
import { Blobs, type BlobsUnavailable } from "#domain/ports/Blobs.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Provenance } from "../runtime/Provenance.ts"

/** As a reader would have it: what is no UTF-8 is replaced. */
const lenient = new TextDecoder("utf-8")

type Body = Pick<ArchivedRequest, "body" | "encoding" | "masked" | "without">

const textOf = (bytes: Uint8Array): Body => {
  try {
    return { encoding: "utf8", body: fromUtf8(bytes) }
  } catch {
    return { encoding: "base64", body: bytes.toBase64() }
  }
}

/** What cannot be read cannot be masked, and is left out. */
const maskedText = (bytes: Uint8Array, masks: Masks): Body => {
  const payload = readObject(utf8(lenient.decode(bytes)))
  if (payload === undefined) return { encoding: "none", without: "unreadable" }
  const names = masks.map((names) => names.join("."))
  return { masked: names, encoding: "utf8", body: JSON.stringify(masked(payload, masks)) }
}

const placed = ({ eventId: event, position }: RecordedEvent) => ({ position, event })
const placeIn = ({ eventId: event, position }: RecordedEvent) => ({ position: String(position), event })

/** What is archived of a request. */
export const make = Effect.fnUntraced(function* (masks: Masks | undefined) {
  const blobs = yield* Blobs
  const crypto = yield* Crypto
  const { pepper, tenant } = yield* Provenance

  const saidIn = (kept: Uint8Array) => {
    const { bytes, headers, proxy } = RawWebhook.read(kept)
    return {
      ...(proxy !== undefined && { proxy }),
      headers,
      digest: rawDigestOf(crypto, pepper, tenant, bytes),
      ...(masks === undefined ? textOf(bytes) : maskedText(bytes, masks))
    }
  }
  const damaged = { headers: {}, encoding: "none", without: "damaged" } as const
  const gone = { headers: {}, encoding: "none", without: "gone" } as const

  const requestOf = (
    event: RecordedEvent,
    { app, blob, bytes, receivedAt, source }: ReceivedBatch
  ): Effect.Effect<ArchiveRecord, BlobsUnavailable> =>
    blobs.read(blob).pipe(
      Effect.map((kept) => {
        if (kept === undefined) return gone
        try {
          return saidIn(kept)
        } catch {
          return damaged
        }
      }),
      Effect.catchTag("BlobDamaged", () => Effect.succeed(damaged)),
      Effect.tap((said) =>
        said === damaged
          ? Effect.logError("the bytes of a request are damaged; it is archived without them", {
              batch: Batch.idOf(event.stream)
            })
          : Effect.void
      ),
      Effect.map((said) => {
        const id = Batch.idOf(event.stream)
        const { proxy, ...rest } = { proxy: undefined, ...said }
        const line: ArchivedRequest = {
          v: 1,
          kind: "request",
          id,
          app,
          source: source ?? "meta",
          ...placeIn(event),
          receivedAt,
          ...(proxy !== undefined && { proxy }),
          bytes,
          ...rest
        }
        // what came once more after it was lost is another line, and may have what the first one lacks
        const name = event.revision === 0 ? id : `${id}.${event.revision}`
        return { name, place: placed(event), receivedAt, line }
      })
    )

  const routingOf = (event: RecordedEvent, regions: ReadonlyArray<string>): ArchiveRecord => {
    const id = Batch.idOf(event.stream)
    const { recordedAt: at } = event
    const line: ArchivedRouting = { v: 1, kind: "routed", id, ...placeIn(event), regions, at }
    return { name: `${id}.routed`, place: placed(event), receivedAt: at, line }
  }
  return { requestOf, routingOf }
})
