import { existsSync, readFileSync, renameSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer } from "effect"
import { lru } from "#domain/Lru.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { home, one, open, type Row, Storages, same, subjectKeysContract, two } from "./contract.ts"
import * as Sqlite from "./Sqlite.ts"

const storage = Effect.map(temporaryDirectory, (directory) => {
  const file = join(directory, "subject-keys.db")
  const using = <A>(use: (db: DatabaseSync) => A) =>
    Effect.acquireUseRelease(
      Effect.sync(() => new DatabaseSync(file)),
      (db) => Effect.sync(() => use(db)),
      (db) => Effect.sync(() => db.close())
    )
  return {
    file,
    open: Effect.map(Layer.build(Layer.fresh(Sqlite.layer(file))), (context) => Context.get(context, SubjectKeys)),
    change: (statement: string) => using((db) => db.exec(statement)),
    remove: (subject: string) => using((db) => void db.prepare("DELETE FROM keys WHERE subject = ?").run(subject)),
    rows: using((db) => db.prepare("SELECT * FROM keys").all() as unknown as ReadonlyArray<Row>),
    insert: ({ subject, tenant, version, wrapped }: Row) =>
      using((db) => void db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?)").run(tenant, subject, version, wrapped)),
    overwrite: ({ tenant, version, wrapped }: Row, subject: string) =>
      using((db) => {
        db.prepare("DELETE FROM keys WHERE subject = ?").run(subject)
        db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?)").run(tenant, subject, version, wrapped)
      })
  }
})

subjectKeysContract("SQLite", Layer.succeed(Storages, { empty: storage }))

describe("SubjectKeys: SQLite", () => {
  it.effect("still finds an older version beside the one in use", () =>
    Effect.gen(function* () {
      const kept = yield* storage
      const [a, row] = yield* Effect.scoped(
        Effect.flatMap(open(kept), (keys) =>
          Effect.gen(function* () {
            const a = yield* keys.obtain(home, one)
            return [a, (yield* kept.rows)[0]!] as const
          })
        )
      )
      yield* kept.remove(one)
      const b = yield* Effect.scoped(Effect.flatMap(open(kept), (keys) => keys.obtain(home, one)))
      yield* kept.insert(row)
      const keys = yield* open(kept)
      assert.isTrue(same(yield* keys.find(home, one, a.version), a.key))
      assert.isTrue(same(yield* keys.find(home, one, b.version), b.key))
    })
  )

  it.effect("leaves no byte of a destroyed key on the disk", () =>
    Effect.gen(function* () {
      const kept = yield* storage
      const keys = yield* open(kept)
      yield* keys.obtain(home, one)
      const [row] = yield* kept.rows
      const onDisk = () =>
        [kept.file, `${kept.file}-wal`].filter((_) => existsSync(_)).some((_) => readFileSync(_).includes(row!.wrapped))
      assert.isTrue(onDisk())
      yield* keys.destroy(home, one)
      assert.isFalse(onDisk())
    })
  )

  it.effect("is not ready as long as a subject's key cannot be read, or none can be made", () =>
    Effect.gen(function* () {
      const kept = yield* storage
      const keys = yield* open(kept)
      const isReady = Effect.map(Effect.exit(keys.ready), Exit.isSuccess)
      yield* keys.obtain(home, one)
      assert.isTrue(yield* isReady)
      yield* kept.change("ALTER TABLE keys RENAME TO elsewhere")
      yield* Effect.flip(keys.find(home, two, "version"))
      assert.isFalse(yield* isReady)
      yield* kept.change("ALTER TABLE elsewhere RENAME TO keys")
      assert.isTrue(yield* isReady)
      renameSync(kept.file, `${kept.file}.away`)
      assert.isFalse(yield* isReady)
      renameSync(`${kept.file}.away`, kept.file)
      assert.isTrue(yield* isReady)
    })
  )

  it.effect("lets no request bring back a key that is destroyed in the same commit", () =>
    Effect.gen(function* () {
      const kept = yield* storage
      const keys = yield* open(kept)
      const [{ version }] = yield* Effect.all([keys.obtain(home, one), keys.destroy(home, one)], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(yield* kept.rows, [])
      assert.strictEqual(yield* keys.find(home, one, version), "destroyed")
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
