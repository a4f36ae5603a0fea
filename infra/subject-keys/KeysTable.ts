import type { DatabaseSync } from "node:sqlite"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import type { Ownership } from "#domain/ports/SubjectKeys.ts"
import { emptyLog, overwriting } from "#infra/sqlite/Erasing.ts"
import { mostLookedAt, type OwnedKey, type StoredKey } from "./WrappedKeys.ts"

export const schema = `
  ${overwriting}
  CREATE TABLE IF NOT EXISTS keys (
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    version TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (tenant, subject, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS destroyed (
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (tenant, subject, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), log TEXT NOT NULL) STRICT;`

const comesBack =
  "DELETE FROM keys WHERE (tenant, subject, version) IN (SELECT tenant, subject, version FROM destroyed)"

/** The statements over the keys, prepared once. They throw what SQLite throws. */
export const keysTable = (db: DatabaseSync) => {
  db.exec(comesBack) // from a copy of before it was destroyed
  const insertKey = db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?)")
  const selectSome = db.prepare("SELECT * FROM keys LIMIT ?")
  const selectAll = db.prepare("SELECT version, wrapped FROM keys WHERE tenant = ? AND subject = ?")
  const selectVersion = db.prepare("SELECT wrapped FROM keys WHERE tenant = ? AND subject = ? AND version = ?")
  const selectDestroyed = db.prepare("SELECT 1 FROM destroyed WHERE tenant = ? AND subject = ? AND version = ?")
  const remember = db.prepare(`
    INSERT INTO destroyed SELECT tenant, subject, version FROM keys WHERE tenant = ? AND subject = ?
    ON CONFLICT (tenant, subject, version) DO NOTHING`)
  const deleteKeys = db.prepare("DELETE FROM keys WHERE tenant = ? AND subject = ?")
  const selectOwnership = db.prepare(`
    SELECT (SELECT log FROM owner) AS log,
      NOT EXISTS (SELECT 1 FROM keys) AND NOT EXISTS (SELECT 1 FROM destroyed) AS is_empty`)
  const replaceOwner = db.prepare("INSERT OR REPLACE INTO owner VALUES (1, ?)")

  return {
    some: () => selectSome.all(mostLookedAt) as unknown as ReadonlyArray<OwnedKey>,
    all: (tenant: TenantId, subject: SubjectId) =>
      selectAll.all(tenant, subject) as unknown as ReadonlyArray<StoredKey>,
    insert: (tenant: TenantId, subject: SubjectId, { version, wrapped }: StoredKey): void =>
      void insertKey.run(tenant, subject, version, wrapped),
    find: (tenant: TenantId, subject: SubjectId, version: string): Uint8Array | "destroyed" | "missing" => {
      const wrapped = selectVersion.get(tenant, subject, version)?.wrapped as Uint8Array | undefined
      return wrapped ?? (selectDestroyed.get(tenant, subject, version) === undefined ? "missing" : "destroyed")
    },
    destroy: (tenant: TenantId, subject: SubjectId): void => {
      remember.run(tenant, subject)
      deleteKeys.run(tenant, subject)
    },
    forgetLog: () => emptyLog(db),
    ownership: (): Ownership => {
      const { is_empty, log } = selectOwnership.get() as unknown as { log: string | null; is_empty: number }
      return { log: log ?? undefined, isEmpty: is_empty === 1 }
    },
    claim: (log: string): void => void replaceOwner.run(log)
  }
}
