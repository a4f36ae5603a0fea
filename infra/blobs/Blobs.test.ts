import { existsSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { BlobId } from "#domain/Ids.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { vaultOf } from "../testing/Secrets.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { blobsContract, type Chunk, Storages } from "./contract.ts"
import { onDemand } from "./OnDemand.ts"
import * as Sqlite from "./Sqlite.ts"

const using = <A>(file: string, use: (db: DatabaseSync) => A) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new DatabaseSync(file)),
    (db) => Effect.sync(() => use(db)),
    (db) => Effect.sync(() => db.close())
  )

const storage = Effect.map(temporaryDirectory, (directory) => {
  const file = join(directory, "blobs.db")
  return {
    open: Effect.map(Layer.build(Layer.fresh(Sqlite.layer(file))), (context) => Context.get(context, Blobs)),
    chunks: using(
      file,
      (db) => db.prepare("SELECT * FROM chunks ORDER BY name, n").all() as unknown as ReadonlyArray<Chunk>
    ),
    overwrite: ({ box, n, name }: Chunk) =>
      using(file, (db) => void db.prepare("UPDATE chunks SET box = ? WHERE name = ? AND n = ?").run(box, name, n)),
    remove: ({ n, name }: Chunk) =>
      using(file, (db) => void db.prepare("DELETE FROM chunks WHERE name = ? AND n = ?").run(name, n))
  }
})

blobsContract("SQLite", Layer.succeed(Storages, { empty: storage }))

describe("Blobs on demand", () => {
  it.effect("have no file until they are needed, are opened once, and again where that failed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const file = join(directory, "later", "blobs.db")
      const context = yield* Layer.build(
        onDemand(Sqlite.layer(file)).pipe(Layer.provide([NodeCrypto.layer, vaultOf(1)]))
      )
      const blobs = Context.get(context, Blobs)
      const name = BlobId.make("00000000-0000-8000-8000-000000000001")
      assert.isFalse(existsSync(file))
      assert.strictEqual((yield* Effect.flip(blobs.ready))._tag, "BlobsUnavailable")
      yield* Effect.promise(() => import("node:fs/promises").then(({ mkdir }) => mkdir(join(directory, "later"))))
      yield* Effect.all([blobs.put(name, utf8("a")), blobs.ready], { concurrency: 2 })
      assert.deepEqual(yield* blobs.read(name), utf8("a"))
    })
  )
})
