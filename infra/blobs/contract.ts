import { assert, it } from "@effect/vitest"
import { Context, Effect, type Layer, type Scope } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { BlobId } from "#domain/Ids.ts"
import type { Blobs } from "#domain/ports/Blobs.ts"
import type { SecretVault } from "#domain/ports/SecretVault.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { emptyVault, vaultOf } from "../testing/Secrets.ts"

export interface Chunk {
  readonly name: string
  readonly n: number
  readonly box: Uint8Array
}

/** Where an adapter keeps its blobs, empty at first. `open` is a process of its own. */
export interface Storage {
  readonly open: Effect.Effect<
    Blobs["Service"],
    unknown,
    Layer.Success<typeof NodeCrypto.layer> | SecretVault | Scope.Scope
  >
  readonly chunks: Effect.Effect<ReadonlyArray<Chunk>>
  /** Writes over the box at its place. */
  readonly overwrite: (chunk: Chunk) => Effect.Effect<void>
  readonly remove: (chunk: Chunk) => Effect.Effect<void>
}

export class Storages extends Context.Service<
  Storages,
  { readonly empty: Effect.Effect<Storage, never, Scope.Scope> }
>()("homing/infra/blobs/Storages") {}

const opening = (storage: Storage, secrets: Layer.Layer<SecretVault>) =>
  Effect.provide(storage.open, [NodeCrypto.layer, secrets])
const open = (storage: Storage) => Effect.orDie(opening(storage, vaultOf(1)))

const nameOf = (n: number) => BlobId.make(`00000000-0000-8000-8000-${String(n).padStart(12, "0")}`)
const [one, two] = [nameOf(1), nameOf(2)]
const long = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 7 + (i >> 8)) % 256)

const empty = Effect.flatMap(Storages, (storages) => storages.empty)
const begun = Effect.gen(function* () {
  const storage = yield* empty
  return { storage, blobs: yield* open(storage) }
})

/** The behaviour every Blobs adapter owes its callers. Run it against each layer; add no adapter options. */
export const blobsContract = <E>(adapter: string, layer: Layer.Layer<Storages, E>) =>
  it.layer(layer)(`Blobs contract: ${adapter}`, (it) => {
    it.effect("gives back what was put, to whoever opens them next, whatever its length", () =>
      Effect.gen(function* () {
        const { blobs, storage } = yield* begun
        yield* blobs.ready
        const all = [new Uint8Array(0), utf8("a"), long, long.subarray(0, 256 * 1024), long.subarray(0, 256 * 1024 + 1)]
        yield* Effect.forEach(all, (bytes, n) => blobs.put(nameOf(n), bytes), { concurrency: "unbounded" })
        const next = yield* open(storage)
        for (const [n, bytes] of all.entries()) assert.deepEqual(yield* next.read(nameOf(n)), bytes)
        assert.isUndefined(yield* next.read(nameOf(99)))
      })
    )

    it.effect("keeps the first that was put under a name, also of two at once", () =>
      Effect.gen(function* () {
        const { blobs, storage } = yield* begun
        const puts = yield* Effect.all([blobs.put(one, utf8("first")), blobs.put(one, utf8("first"))], {
          concurrency: 2
        })
        assert.sameMembers(puts, [true, false])
        assert.isFalse(yield* blobs.put(one, utf8("second")))
        assert.deepEqual(yield* blobs.read(one), utf8("first"))
        assert.lengthOf(yield* storage.chunks, 1)
      })
    )

    it.effect("destroys one and no other, and bears being asked again", () =>
      Effect.gen(function* () {
        const { blobs, storage } = yield* begun
        yield* blobs.put(one, long)
        yield* blobs.put(two, utf8("stays"))
        yield* blobs.destroy(one)
        yield* blobs.destroy(one)
        assert.isUndefined(yield* blobs.read(one))
        assert.deepEqual(yield* blobs.read(two), utf8("stays"))
        assert.deepStrictEqual(
          (yield* storage.chunks).map(({ name }) => name),
          [two]
        )
      })
    )

    it.effect("shows nothing of what is in them, and of the same bytes nothing that is the same", () =>
      Effect.gen(function* () {
        const { blobs, storage } = yield* begun
        yield* blobs.put(one, utf8("a mauve walrus"))
        yield* blobs.put(two, utf8("a mauve walrus"))
        const [a, b] = yield* storage.chunks
        assert.notInclude(Buffer.from(a!.box).toString("latin1"), "walrus")
        assert.notDeepEqual(a!.box, b!.box)
      })
    )

    it.effect("takes a piece for damage that is changed, stands elsewhere or is missing", () =>
      Effect.gen(function* () {
        const { blobs, storage } = yield* begun
        yield* blobs.put(one, long)
        yield* blobs.put(two, long)
        const [first, second, third, other] = yield* storage.chunks
        const isDamaged = Effect.map(Effect.exit(blobs.read(one)), ({ _tag }) => _tag === "Failure")
        for (const box of [first!.box.slice(0, -1), second!.box, other!.box]) {
          yield* storage.overwrite({ ...first!, box })
          assert.isTrue(yield* isDamaged)
        }
        yield* storage.overwrite(first!)
        assert.isFalse(yield* isDamaged)
        yield* storage.remove(third!)
        assert.isTrue(yield* isDamaged)
        yield* storage.remove(first!)
        yield* storage.remove(second!)
        assert.isTrue(yield* isDamaged)
      })
    )

    it.effect("refuses another secret, and makes none beside blobs", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        yield* (yield* open(storage)).put(one, utf8("a"))
        for (const secrets of [vaultOf(2), emptyVault]) {
          const failure = yield* Effect.flip(opening(storage, secrets))
          assert.match(String((failure as Error).message), /secret subject-keys/)
        }
      })
    )
  })
