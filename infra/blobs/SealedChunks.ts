import { Effect, Redacted, Schema } from "effect"
import { concat, lengthPrefixed } from "#domain/Bytes.ts"
import type { BlobId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"

/** A blob as a database keeps it. */
export interface StoredBlob {
  /** Its key, wrapped. */
  readonly wrapped: Uint8Array
  /** Its bytes, sealed in pieces: in their order. */
  readonly boxes: ReadonlyArray<Uint8Array>
}

/** What keeps the blobs is there, and cannot be what this process works with. */
export class BlobsUnfit extends Schema.TaggedError<BlobsUnfit>()("BlobsUnfit", {
  place: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return `the blobs in ${this.place} cannot be used: ${this.problem}`
  }
}

/** A row holds no more. */
const chunkBytes = 256 * 1024
const keyLength = 32

/** Binds a wrapped key to its blob, and a piece to its place in it: how many there are is said, so none can be missing. */
const keyPlace = (name: BlobId) => lengthPrefixed("homing/blob-key/1", name)
const piecePlace = (name: BlobId, n: number, of: number) => lengthPrefixed("homing/blob/1", name, String(n), String(of))

/**
 * Blobs under keys of their own, each wrapped under the secret that wraps subject keys: every gateway on a log has that one,
 * and a secret that each made for itself would leave them unable to read each other's. `any`: one of those at `place`, if
 * there are any. It proves the secret, and then none is made in place of one that is missing.
 */
export const sealedChunks = Effect.fnUntraced(function* (
  place: string,
  any: { readonly name: BlobId; readonly wrapped: Uint8Array } | undefined
) {
  const crypto = yield* Crypto
  const vault = yield* SecretVault
  const secret = any === undefined ? yield* vault.obtain("subject-keys") : yield* vault.find("subject-keys")
  if (secret === undefined) {
    const problem = "the secret subject-keys is missing, without which none of them opens. Put it back from a backup"
    return yield* new BlobsUnfit({ place, problem })
  }
  const master = sealedBlobs(crypto, crypto.cipherKey(Redacted.value(secret)))
  const under = (name: BlobId, wrapped: Uint8Array) =>
    sealedBlobs(crypto, crypto.cipherKey(master.open(wrapped, keyPlace(name))))
  if (any !== undefined) {
    yield* Effect.try({
      try: () => under(any.name, any.wrapped),
      catch: () =>
        new BlobsUnfit({
          place,
          problem: "they are not of the secret subject-keys that is here. Put back the one of theirs"
        })
    })
  }
  return {
    seal: (name: BlobId, bytes: Uint8Array): StoredBlob => {
      const key = crypto.random(keyLength)
      const { seal } = sealedBlobs(crypto, crypto.cipherKey(key))
      const count = Math.max(1, Math.ceil(bytes.length / chunkBytes))
      const boxes = Array.from({ length: count }, (_, n) =>
        seal(bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes), piecePlace(name, n, count))
      )
      return { wrapped: master.seal(key, keyPlace(name)), boxes }
    },
    /** Throws when it is not what was sealed. */
    open: (name: BlobId, { boxes, wrapped }: StoredBlob): Uint8Array => {
      if (boxes.length === 0) throw new Error("all pieces of a blob are missing")
      const { open } = under(name, wrapped)
      return concat(...boxes.map((box, n) => open(box, piecePlace(name, n, boxes.length))))
    }
  }
})
