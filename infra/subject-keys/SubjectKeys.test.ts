import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Array, Context, Effect, Layer, Redacted } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { SubjectId, TenantId } from "#domain/Ids.ts"
import type { CipherKey } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { temporaryDirectory } from "../../test/TemporaryDirectory.ts"
import { lru } from "./Lru.ts"
import * as Sqlite from "./Sqlite.ts"

const { crypto } = NodeCrypto
const vault = (byte: number) =>
  Layer.succeed(SecretVault, { obtain: () => Effect.succeed(Redacted.make(new Uint8Array(32).fill(byte))) })
const open = (file: string, secret = 1) =>
  Layer.build(Layer.fresh(Sqlite.layer(file)).pipe(Layer.provide([NodeCrypto.layer, vault(secret)]))).pipe(
    Effect.map((context) => Context.get(context, SubjectKeys))
  )
const temporaryFile = Effect.map(temporaryDirectory, (directory) => join(directory, "subject-keys.db"))

const [home, away] = [TenantId.make("home"), TenantId.make("away")]
const subjectOf = (n: number) => SubjectId.make(`${n}`.padStart(43, "s"))
const [one, two] = [subjectOf(1), subjectOf(2)]

/** Keys cannot be read: the same is what opens the other's box. */
const same = (a: CipherKey, b: CipherKey) =>
  crypto.decrypt(b, crypto.encrypt(a, utf8("text"), utf8("")), utf8("")) !== undefined

const rowsOf = (file: string) => new DatabaseSync(file, { readOnly: true }).prepare("SELECT * FROM keys").all()

describe("SubjectKeys: SQLite", () => {
  it.effect("gives a subject one key, the same over a restart, and others another", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const first = yield* Effect.scoped(Effect.flatMap(open(file), (keys) => keys.obtain(home, one)))
      const keys = yield* open(file)
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
      const file = yield* temporaryFile
      const keys = yield* open(file)
      const { version } = yield* keys.obtain(home, one)
      assert.deepStrictEqual(
        rowsOf(file).map((row) => [row.tenant, row.subject, row.version]),
        [[home, one, version]]
      )
    })
  )

  it.effect("finds a key by its version, cached or not, and nothing by another's", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const { key, version } = yield* Effect.scoped(Effect.flatMap(open(file), (keys) => keys.obtain(home, one)))
      const keys = yield* open(file)
      for (const _ of ["from the file", "from the cache"]) {
        assert.isTrue(same((yield* keys.find(home, one, version))!, key))
      }
      assert.isUndefined(yield* keys.find(home, one, "other"))
      assert.isUndefined(yield* keys.find(home, two, version))
      assert.isUndefined(yield* keys.find(away, one, version))
    })
  )

  it.effect("still finds an older version beside the one in use", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const [a, b] = yield* Effect.scoped(
        Effect.flatMap(open(file), (keys) =>
          Effect.gen(function* () {
            const a = yield* keys.obtain(home, one)
            const db = new DatabaseSync(file)
            const [row] = db.prepare("SELECT * FROM keys").all()
            yield* keys.destroy(home, one)
            const b = yield* keys.obtain(home, one)
            db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?)").run(home, one, row!.version!, row!.wrapped!)
            db.close()
            return [a, b] as const
          })
        )
      )
      const keys = yield* open(file)
      assert.isTrue(same((yield* keys.find(home, one, a.version))!, a.key))
      assert.isTrue(same((yield* keys.find(home, one, b.version))!, b.key))
    })
  )

  it.effect("makes one key for all who ask for a new subject at once", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.flatMap(temporaryFile, open)
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
      const file = yield* temporaryFile
      const keys = yield* open(file)
      const [gone, kept] = [yield* keys.obtain(home, one), yield* keys.obtain(home, two)]
      const wrapped = rowsOf(file).find(({ subject }) => subject === one)!.wrapped as Uint8Array
      const onDisk = () =>
        [file, `${file}-wal`].filter((_) => existsSync(_)).some((_) => readFileSync(_).includes(wrapped))
      assert.isTrue(onDisk())

      yield* keys.destroy(home, one)
      assert.isFalse(onDisk())
      assert.isUndefined(yield* keys.find(home, one, gone.version))
      assert.isTrue(same((yield* keys.find(home, two, kept.version))!, kept.key))

      const next = yield* keys.obtain(home, one)
      assert.notStrictEqual(next.version, gone.version)
      assert.isFalse(same(next.key, gone.key))
      assert.isUndefined(yield* keys.find(home, one, gone.version))
    })
  )

  it.effect("lets no request bring back a key that is destroyed in the same commit", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const keys = yield* open(file)
      const [{ version }] = yield* Effect.all([keys.obtain(home, one), keys.destroy(home, one)], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(rowsOf(file), [])
      assert.isUndefined(yield* keys.find(home, one, version))
    })
  )

  it.effect("does not unwrap keys under another master key, or moved to another subject", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      yield* Effect.scoped(
        Effect.flatMap(open(file), (keys) => Effect.all([keys.obtain(home, one), keys.obtain(home, two)]))
      )
      const stranger = yield* Effect.scoped(
        Effect.flatMap(open(file, 2), (keys) => Effect.flip(keys.obtain(home, one)))
      )
      assert.strictEqual(stranger._tag, "SubjectKeysUnavailable")

      const db = new DatabaseSync(file)
      db.exec(`UPDATE keys SET (version, wrapped) = (SELECT version, wrapped FROM keys WHERE subject = '${one}')`)
      db.close()
      const keys = yield* open(file)
      yield* keys.obtain(home, one)
      assert.strictEqual((yield* Effect.flip(keys.obtain(home, two)))._tag, "SubjectKeysUnavailable")
    })
  )
})

describe("lru", () => {
  it("forgets what was used longest ago", () => {
    const cache = lru<number>(2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.get("a")
    cache.set("c", 3)
    assert.deepStrictEqual(["a", "b", "c"].map(cache.get), [1, undefined, 3])
    cache.delete("a")
    assert.isUndefined(cache.get("a"))
  })
})
