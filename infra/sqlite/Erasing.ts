import type { DatabaseSync } from "node:sqlite"

/** What is deleted is overwritten: part of a schema. */
export const overwriting = "PRAGMA secure_delete = ON;"

/** Older pages in the write-ahead log still show what was deleted, until it is emptied. */
export const emptyLog = (db: DatabaseSync): void => db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
