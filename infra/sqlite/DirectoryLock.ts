import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Layer, Schema } from "effect"

/** `pid` is missing, or the holder's before, for the moment between taking the lock and noting it. */
export class DirectoryInUse extends Schema.TaggedError<DirectoryInUse>()("DirectoryInUse", {
  folder: Schema.String,
  pid: Schema.UndefinedOr(Schema.Int)
}) {
  override get message() {
    return `the data directory ${this.folder} is in use by ${this.pid === undefined ? "another process" : `process ${this.pid}`}`
  }
}

export class DirectoryUnusable extends Schema.TaggedError<DirectoryUnusable>()("DirectoryUnusable", {
  folder: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the data directory ${this.folder} cannot be used: ${String(this.cause)}`
  }
}

/**
 * Holds `folder` for this process until the scope closes; makes it if it is missing. The lock is the operating
 * system's, on a database of its own: it ends with the process, however that ends, so none is ever stale.
 */
export const layer = (folder: string) =>
  Layer.effectDiscard(
    Effect.acquireRelease(
      Effect.try({
        try: () => {
          mkdirSync(folder, { recursive: true, mode: 0o700 })
          return lock(folder)
        },
        catch: (cause) =>
          isBusy(cause)
            ? new DirectoryInUse({ folder, pid: pidIn(pidFile(folder)) })
            : new DirectoryUnusable({ folder, cause })
      }),
      (db) =>
        Effect.sync(() => {
          rmSync(pidFile(folder), { force: true }) // while the lock is held: afterwards it may be the next process's
          db.close()
        })
    )
  )

const pidFile = (folder: string) => join(folder, "lock.pid")

/**
 * Nobody but SQLite may open the file in this process: on POSIX, closing any descriptor of it would end the lock.
 * The journal is not a write-ahead log, whose readers and writers can share a file.
 */
const lock = (folder: string): DatabaseSync => {
  const db = new DatabaseSync(join(folder, "lock.db"), { timeout: 0 })
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    writeFileSync(pidFile(folder), String(process.pid), { mode: 0o600 })
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

/** Of SQLite's extended result codes, the low byte tells the kind. */
const isBusy = (cause: unknown) => ((cause as { readonly errcode?: number }).errcode ?? 0) % 256 === 5

const pidIn = (file: string): number | undefined => {
  try {
    const pid = Number(readFileSync(file, "utf8"))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
