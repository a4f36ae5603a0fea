import { Context, type Effect, Schema } from "effect"
import type { BlobId } from "../Ids.ts"

export class BlobsUnavailable extends Schema.TaggedError<BlobsUnavailable>()("BlobsUnavailable", {
  cause: Schema.Defect()
}) {}

/** What is there under this name is not what was put there, or does not open with the secret that is here. */
export class BlobDamaged extends Schema.TaggedError<BlobDamaged>()("BlobDamaged", { name: Schema.String }) {}

/**
 * Bytes that are too many, or too many people's, to stand in an event, kept beside the log. Each blob is sealed under a key
 * of its own; destroying that is erasure.
 */
export class Blobs extends Context.Service<
  Blobs,
  {
    /**
     * Durable when it returns: whether it was put now. What is there under this name stays as it is: a name is given to the
     * same bytes alone.
     */
    readonly put: (name: BlobId, bytes: Uint8Array) => Effect.Effect<boolean, BlobsUnavailable>
    /** `undefined`: there is none of this name, or none any more. */
    readonly read: (name: BlobId) => Effect.Effect<Uint8Array | undefined, BlobsUnavailable | BlobDamaged>
    /** Key and bytes are gone, durably. Of none that is there it makes nothing. */
    readonly destroy: (name: BlobId) => Effect.Effect<void, BlobsUnavailable>
    /** Fails when nothing can be put, as far as that can be told before. */
    readonly ready: Effect.Effect<void, BlobsUnavailable>
  }
>()("homing/domain/ports/Blobs") {}
