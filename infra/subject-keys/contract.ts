import { assert, it } from "@effect/vitest"
import { Array, Context, Effect, type Layer, type Scope } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { SubjectId, TenantId } from "#domain/Ids.ts"
import type { CipherKey } from "#domain/ports/Crypto.ts"
import type { SecretVault } from "#domain/ports/SecretVault.ts"
import type { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { emptyVault, vaultOf } from "../testing/Secrets.ts"

const { crypto } = NodeCrypto

export interface Row {
  readonly tenant: string
  readonly subject: string
  readonly version: string
  readonly wrapped: Uint8Array
}

/** Where an adapter keeps its keys, empty at first. `open` is a process of its own, as far as keys are concerned. */
export interface Storage {
  readonly open: Effect.Effect<SubjectKeys["Service"], unknown, Crypto | SecretVault | Scope.Scope>
  readonly rows: Effect.Effect<ReadonlyArray<Row>>
  /** Writes the row of `subject`, with the key of `row`, over what is there. */
  readonly insert: (row: Row) => Effect.Effect<void>
  readonly overwrite: (row: Row, subject: SubjectId) => Effect.Effect<void>
}
type Crypto = Layer.Success<typeof NodeCrypto.layer>

export class Storages extends Context.Service<
  Storages,
  { readonly empty: Effect.Effect<Storage, never, Scope.Scope> }
>()("homing/infra/subject-keys/Storages") {}

const opening = (storage: Storage, secrets: Layer.Layer<SecretVault>) =>
  Effect.provide(storage.open, [NodeCrypto.layer, secrets])
export const open = (storage: Storage) => Effect.orDie(opening(storage, vaultOf(1)))

export const [home, away] = [TenantId.make("home"), TenantId.make("away")]
const subjectOf = (n: number) => SubjectId.make(`${n}`.padStart(43, "s"))
export const [one, two] = [subjectOf(1), subjectOf(2)]

/** Keys cannot be read: the same is what opens the other's box. */
export const same = (a: CipherKey | string, b: CipherKey) =>
  typeof a !== "string" && crypto.decrypt(b, crypto.encrypt(a, utf8("text"), utf8("")), utf8("")) !== undefined

const empty = Effect.flatMap(Storages, (storages) => storages.empty)
/** In a life that is over when it answers. */
const earlier = <A, E, R>(storage: Storage, use: (keys: SubjectKeys["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(open(storage), use))
const begun = Effect.gen(function* () {
  const storage = yield* empty
  return { storage, keys: yield* open(storage) }
})

/** The behaviour every SubjectKeys adapter owes its callers. Run it against each layer; add no adapter options. */
export const subjectKeysContract = <E>(adapter: string, layer: Layer.Layer<Storages, E>) =>
  it.layer(layer)(`SubjectKeys contract: ${adapter}`, (it) => {
    it.effect("gives a subject one key, the same over a restart, and others another", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        const first = yield* earlier(storage, (keys) => keys.obtain(home, one))
        const keys = yield* open(storage)
        const again = yield* keys.obtain(home, one)
        assert.strictEqual(again.version, first.version)
        assert.isTrue(same(again.key, first.key))
        for (const [tenant, subject] of [[home, two] as const, [away, one] as const]) {
          assert.isFalse(same((yield* keys.obtain(tenant, subject)).key, first.key))
        }
      })
    )

    it.effect("has made a key durable when it gives it out", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        const { version } = yield* Effect.flatMap(open(storage), (keys) => keys.obtain(home, one))
        const rows = yield* storage.rows
        assert.deepStrictEqual(
          rows.map((row) => [row.tenant, row.subject, row.version]),
          [[home, one, version]]
        )
      })
    )

    it.effect("finds a key by its version, cached or not, and nothing by another's", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        const first = yield* earlier(storage, (keys) => keys.obtain(home, one))
        const keys = yield* open(storage)
        for (const _ of ["from the database", "from the cache"]) {
          assert.isTrue(same(yield* keys.find(home, one, first.version), first.key))
        }
        assert.strictEqual(yield* keys.find(home, one, "other"), "missing")
        assert.strictEqual(yield* keys.find(home, two, first.version), "missing")
        assert.strictEqual(yield* keys.find(away, one, first.version), "missing")
      })
    )

    it.effect("shows every key of a subject that is here, and makes none", () =>
      Effect.gen(function* () {
        const { keys, storage } = yield* begun
        assert.deepStrictEqual(yield* keys.all(home, one), [])
        const obtained = yield* keys.obtain(home, one)
        yield* keys.obtain(home, two)
        const [found, ...others] = yield* keys.all(home, one)
        assert.deepStrictEqual([found?.version, others], [obtained.version, []])
        assert.isTrue(same(found!.key, obtained.key))
        assert.deepStrictEqual(yield* keys.all(away, one), [])
        yield* keys.destroy(home, one)
        assert.deepStrictEqual(yield* keys.all(home, one), [])
        assert.lengthOf(yield* storage.rows, 1)
      })
    )

    it.effect("makes one key for all who ask for a new subject at once", () =>
      Effect.gen(function* () {
        const keys = yield* Effect.flatMap(empty, open)
        const obtained = yield* Effect.all(
          Array.makeBy(20, () => keys.obtain(home, one)),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(obtained.map(({ version }) => version)).size, 1)
        assert.isTrue(obtained.every(({ key }) => same(key, obtained[0]!.key)))
      })
    )

    it.effect("destroys a key for good, and gives the subject a new one afterwards", () =>
      Effect.gen(function* () {
        const { keys, storage } = yield* begun
        const [gone, kept] = [yield* keys.obtain(home, one), yield* keys.obtain(home, two)]
        yield* keys.destroy(home, one)
        assert.strictEqual(yield* keys.find(home, one, gone.version), "destroyed")
        assert.isTrue(same(yield* keys.find(home, two, kept.version), kept.key))
        assert.deepStrictEqual(
          (yield* storage.rows).map(({ subject }) => subject),
          [two]
        )

        const next = yield* keys.obtain(home, one)
        assert.notStrictEqual(next.version, gone.version)
        assert.isFalse(same(next.key, gone.key))
        assert.strictEqual(yield* keys.find(home, one, gone.version), "destroyed")
      })
    )

    it.effect("finds nothing that was destroyed, however many looked for it meanwhile", () =>
      Effect.gen(function* () {
        const keys = yield* Effect.flatMap(empty, open)
        const { version } = yield* keys.obtain(home, one)
        const look = keys.find(home, one, version)
        yield* Effect.all([look, keys.obtain(home, two), keys.destroy(home, one), look, look], {
          concurrency: "unbounded"
        })
        assert.strictEqual(yield* look, "destroyed")
      })
    )

    it.effect("remembers what was destroyed over a restart, and also when a copy of the key comes back", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        const [{ version }, row] = yield* earlier(
          storage,
          Effect.fnUntraced(function* (keys) {
            const made = yield* keys.obtain(home, one)
            yield* keys.obtain(home, two)
            const row = (yield* storage.rows).find(({ subject }) => subject === one)!
            yield* keys.destroy(home, one)
            return [made, row] as const
          })
        )
        yield* storage.insert(row)
        const keys = yield* open(storage)
        assert.strictEqual(yield* keys.find(home, one, version), "destroyed")
        assert.strictEqual(yield* keys.find(home, one, "another"), "missing")
        assert.notStrictEqual((yield* keys.obtain(home, one)).version, version)
        assert.deepStrictEqual((yield* storage.rows).map((kept) => kept.version).includes(version), false)
      })
    )

    it.effect("belongs to the log that claimed it, and is empty only as long as it never held a key", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        yield* earlier(
          storage,
          Effect.fnUntraced(function* (keys) {
            assert.deepStrictEqual(yield* keys.ownership, { log: undefined, isEmpty: true })
            yield* keys.obtain(home, one)
            assert.deepStrictEqual(yield* keys.ownership, { log: undefined, isEmpty: false })
            yield* keys.destroy(home, one)
            yield* keys.claim("a log")
          })
        )
        const keys = yield* open(storage)
        assert.deepStrictEqual(yield* keys.ownership, { log: "a log", isEmpty: false })
      })
    )

    it.effect("does not open keys under another master key", () =>
      Effect.gen(function* () {
        const storage = yield* empty
        yield* earlier(storage, (keys) => Effect.all([keys.obtain(home, one), keys.obtain(home, two)]))
        const stranger = yield* Effect.scoped(Effect.flip(opening(storage, vaultOf(2))))
        assert.match(String(stranger), /not wrapped under the secret subject-keys that is here/)
        const unequipped = yield* Effect.scoped(Effect.flip(opening(storage, emptyVault)))
        assert.match(String(unequipped), /the secret subject-keys is missing/)
      })
    )

    it.effect(
      "takes a key that does not open, as one moved to another subject, for a missing one, and makes another",
      () =>
        Effect.gen(function* () {
          for (const [moved, spoilt] of [
            [one, two],
            [two, one]
          ] as const) {
            const storage = yield* empty
            yield* Effect.scoped(
              Effect.flatMap(open(storage), (keys) => Effect.all([keys.obtain(home, one), keys.obtain(home, two)]))
            )
            const row = (yield* storage.rows).find(({ subject }) => subject === moved)!
            yield* storage.overwrite(row, spoilt)
            for (const _ of ["before another is made", "after"]) {
              const keys = yield* open(storage)
              assert.isTrue(same(yield* keys.find(home, moved, row.version), (yield* keys.obtain(home, moved)).key))
              assert.strictEqual(yield* keys.find(home, spoilt, row.version), "missing")
              const { key, version } = yield* keys.obtain(home, spoilt)
              assert.notStrictEqual(version, row.version)
              assert.isTrue(same(yield* keys.find(home, spoilt, version), key))
              assert.deepStrictEqual(
                (yield* keys.all(home, spoilt)).map((found) => found.version),
                [version]
              )
              assert.strictEqual((yield* keys.obtain(home, spoilt)).version, version)
            }
          }
        })
    )
  })
