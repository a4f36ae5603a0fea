import { Effect, Layer } from "effect"
import { BlobDamaged, Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"
import * as Database from "#infra/sqlite/Database.ts"
import * as GroupCommit from "#infra/sqlite/GroupCommit.ts"
import { blobsTable, schema } from "./BlobsTable.ts"
import { sealedChunks } from "./SealedChunks.ts"

const make = Effect.fnUntraced(function* (file: string) {
  const { db, tables: table } = yield* Database.openWith(file, { durability: "commit", schema }, blobsTable)
  const chunks = yield* sealedChunks(file, table.any())
  const group = yield* GroupCommit.make<unknown>(db)
  const unavailable = (cause: unknown) => new BlobsUnavailable({ cause })
  const write = <A>(change: () => A) => Effect.mapError(group.write(change), ({ cause }) => unavailable(cause))
  const reading = <A>(read: () => A) => Effect.try({ try: read, catch: unavailable })

  return Blobs.of({
    put: (name, bytes) =>
      Effect.suspend(() => {
        const sealed = chunks.seal(name, bytes) // before the transaction, which holds up all others
        return write(() => table.put(name, sealed))
      }),
    read: Effect.fnUntraced(function* (name) {
      const stored = yield* reading(() => table.find(name))
      if (stored === undefined) return undefined
      return yield* Effect.try({ try: () => chunks.open(name, stored), catch: () => new BlobDamaged({ name }) })
    }),
    destroy: (name) =>
      Effect.andThen(
        write(() => table.destroy(name)),
        reading(table.forgetLog)
      ),
    ready: Effect.mapError(group.usable, ({ cause }) => unavailable(cause))
  })
})

/** Blobs in a SQLite file of their own. */
export const layer = (file: string) => Layer.effect(Blobs, make(file))
