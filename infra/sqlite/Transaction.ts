import type { DatabaseSync } from "node:sqlite"
import { Exit, Schema } from "effect"

/** A write was not stored. `written`: `no`, for certain; `unknown`, it may come back when the file is opened again. */
export class CommitFailed extends Schema.TaggedError<CommitFailed>()("CommitFailed", {
  written: Schema.Literals(["no", "unknown"]),
  cause: Schema.Defect()
}) {}

/** Runs the write in a transaction of its own: all of it is committed, or none. Throws what the write throws. */
export const inTransaction = <A>(db: DatabaseSync, write: () => A): A => {
  db.exec("BEGIN IMMEDIATE")
  try {
    const result = write()
    db.exec("COMMIT")
    return result
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK") // on a full disk SQLite ends the transaction by itself
    throw cause
  }
}

const failed = (written: "no" | "unknown", cause: unknown) => Exit.fail(new CommitFailed({ written, cause }))

/**
 * Commits writes together, with an exit each, in their order. Every write runs inside the transaction and is undone
 * alone when it throws; the batch is then run a second time, so writes may touch nothing but the database.
 */
export const commitTogether = (db: DatabaseSync) => {
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  const rollback = db.prepare("ROLLBACK")

  // Savepoints cost, and writes hardly ever throw: so one for each write only after one of them did.
  const apart = <A>(writes: ReadonlyArray<() => A>): ReadonlyArray<Exit.Exit<A, CommitFailed>> =>
    writes.map((write) => {
      db.exec("SAVEPOINT one")
      try {
        return Exit.succeed(write())
      } catch (cause) {
        if (!db.isTransaction) throw cause // SQLite ended the whole transaction by itself, on a full disk say
        db.exec("ROLLBACK TO one")
        return failed("no", cause)
      } finally {
        if (db.isTransaction) db.exec("RELEASE one")
      }
    })

  const run = <A>(writes: ReadonlyArray<() => A>): ReadonlyArray<Exit.Exit<A, CommitFailed>> => {
    begin.run()
    try {
      return writes.map((write) => Exit.succeed(write()))
    } catch {
      if (db.isTransaction) rollback.run()
      begin.run()
      return apart(writes)
    }
  }

  return <A>(writes: ReadonlyArray<() => A>): ReadonlyArray<Exit.Exit<A, CommitFailed>> => {
    let written: "no" | "unknown" = "no"
    try {
      const exits = run(writes)
      written = "unknown"
      commit.run()
      return exits
    } catch (cause) {
      if (db.isTransaction) rollback.run()
      return writes.map(() => failed(written === "no" || neverWrites(cause) ? "no" : "unknown", cause))
    }
  }
}

/** Of a failed COMMIT: nothing reached the log as a whole. After any other failure, recovery may find it complete. */
const neverWrites = (cause: unknown): boolean => {
  const code = (cause as { readonly errcode?: number }).errcode
  return code !== undefined && [busy, full].includes(code & 0xff)
}
const busy = 5
const full = 13
