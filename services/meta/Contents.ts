import { Effect } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { BlobId } from "#domain/Ids.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { Loss } from "#domain/meta/Batch.ts"
import { readObject, sortedText } from "#domain/meta/MetaJson.ts"
import * as RawWebhook from "#domain/meta/RawWebhook.ts"
import type { Piece } from "#domain/meta/Splitting.ts"
import { BlobDamaged, Blobs, type BlobsUnavailable } from "#domain/ports/Blobs.ts"

/** Without a byte order mark, and with what is no UTF-8 replaced. */
const decoder = new TextDecoder("utf-8")

/**
 * What the bytes of a webhook say, every number as it came. What cannot be written again is one text: Meta was told that
 * it is here, so something comes of it whatever it is.
 */
const objectIn = (bytes: Uint8Array): JsonObject => {
  const text = decoder.decode(bytes)
  return readObject(utf8(text)) ?? { unread: text }
}

/** What webhooks that were kept say. */
export const make = Effect.map(Blobs, (blobs) => ({
  /** Otherwise what is wrong with its bytes. */
  of: ({ blob }: { readonly blob: BlobId }): Effect.Effect<JsonObject | Loss["problem"], BlobsUnavailable> =>
    blobs.read(blob).pipe(
      Effect.flatMap((kept) =>
        Effect.try({
          try: () => (kept === undefined ? "missing" : objectIn(RawWebhook.read(kept).bytes)),
          catch: () => new BlobDamaged({ name: blob })
        })
      ),
      Effect.catchTag("BlobDamaged", () => Effect.succeed("damaged" as const))
    ),

  /** A piece of which nothing is known but that it came. */
  unread: (payload: JsonObject): Piece => {
    const text = sortedText(payload)
    return {
      kind: "other",
      field: "",
      account: undefined,
      phoneNumberId: undefined,
      identity: ["unread", text],
      gist: text,
      payload
    }
  }
}))
