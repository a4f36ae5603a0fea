import type { DatabaseSync } from "node:sqlite"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import type { StoredKey } from "./WrappedKeys.ts"

export const schema = `
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS keys (
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    version TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (tenant, subject, version)
  ) STRICT, WITHOUT ROWID`

/** The statements over the keys, prepared once. They throw what SQLite throws. */
export const keysTable = (db: DatabaseSync) => {
  const insertKey = db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?)")
  const selectCurrent = db.prepare("SELECT version, wrapped FROM keys WHERE tenant = ? AND subject = ? LIMIT 1")
  const selectVersion = db.prepare("SELECT wrapped FROM keys WHERE tenant = ? AND subject = ? AND version = ?")
  const deleteKeys = db.prepare("DELETE FROM keys WHERE tenant = ? AND subject = ?")
  const current = (tenant: TenantId, subject: SubjectId) =>
    selectCurrent.get(tenant, subject) as unknown as StoredKey | undefined

  return {
    current,
    /** Stores `candidate` unless there is a key already; gives back the one that counts. */
    keepFirst: (tenant: TenantId, subject: SubjectId, candidate: StoredKey): StoredKey => {
      const first = current(tenant, subject)
      if (first !== undefined) return first
      insertKey.run(tenant, subject, candidate.version, candidate.wrapped)
      return candidate
    },
    find: (tenant: TenantId, subject: SubjectId, version: string) =>
      selectVersion.get(tenant, subject, version)?.wrapped as Uint8Array | undefined,
    destroy: (tenant: TenantId, subject: SubjectId): void => {
      deleteKeys.run(tenant, subject)
    },
    /** Older pages in the write-ahead log still show what was deleted, until it is emptied. */
    forgetLog: (): void => db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  }
}
