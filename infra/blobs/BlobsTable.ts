import type { DatabaseSync } from "node:sqlite"
import type { BlobId } from "#domain/Ids.ts"
import { emptyLog, overwriting } from "#infra/sqlite/Erasing.ts"
import type { StoredBlob } from "./SealedChunks.ts"

export const schema = `
  ${overwriting}
  CREATE TABLE IF NOT EXISTS blobs (name TEXT NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS chunks (
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    box BLOB NOT NULL,
    PRIMARY KEY (name, n)
  ) STRICT;`

/** The statements over the blobs, prepared once. They throw what SQLite throws. */
export const blobsTable = (db: DatabaseSync) => {
  const selectAny = db.prepare("SELECT name, wrapped FROM blobs LIMIT 1")
  const selectKey = db.prepare("SELECT wrapped FROM blobs WHERE name = ?")
  const selectBoxes = db.prepare("SELECT box FROM chunks WHERE name = ? ORDER BY n")
  const insertKey = db.prepare("INSERT INTO blobs VALUES (?, ?) ON CONFLICT DO NOTHING")
  const insertBox = db.prepare("INSERT INTO chunks VALUES (?, ?, ?)")
  const deleteKey = db.prepare("DELETE FROM blobs WHERE name = ?")
  const deleteBoxes = db.prepare("DELETE FROM chunks WHERE name = ?")

  return {
    any: () => selectAny.get() as unknown as { name: BlobId; wrapped: Uint8Array } | undefined,
    put: (name: BlobId, { boxes, wrapped }: StoredBlob): boolean => {
      if (insertKey.run(name, wrapped).changes === 0) return false
      for (const [n, box] of boxes.entries()) insertBox.run(name, n, box)
      return true
    },
    find: (name: BlobId): StoredBlob | undefined => {
      const key = selectKey.get(name)
      if (key === undefined) return undefined
      return {
        wrapped: key.wrapped as Uint8Array,
        boxes: selectBoxes.all(name).map(({ box }) => box as Uint8Array)
      }
    },
    destroy: (name: BlobId): void => {
      deleteKey.run(name)
      deleteBoxes.run(name)
    },
    forgetLog: () => emptyLog(db)
  }
}
