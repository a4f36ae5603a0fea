import { Effect } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { BlobId } from "#domain/Ids.ts"
import type { JsonObject } from "#domain/Json.ts"
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
  /** `undefined` where the bytes are gone, or are not those that were kept: told, since nothing comes of it any more. */
  of: ({
    blob,
    id
  }: {
    readonly blob: BlobId
    readonly id: string
  }): Effect.Effect<JsonObject | undefined, BlobsUnavailable> =>
    blobs.read(blob).pipe(
      Effect.flatMap((kept) =>
        Effect.try({
          try: () => kept && objectIn(RawWebhook.read(kept).bytes),
          catch: () => new BlobDamaged({ name: blob })
        })
      ),
      Effect.tap((found) =>
        found === undefined
          ? Effect.logError("the bytes of a webhook are missing; nothing can come of it", { batch: id })
          : Effect.void
      ),
      Effect.catchTag("BlobDamaged", () =>
        Effect.as(
          Effect.logError("the bytes of a webhook are damaged; nothing can come of it", { batch: id }),
          undefined
        )
      )
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
