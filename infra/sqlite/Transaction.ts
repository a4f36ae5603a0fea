import type { DatabaseSync } from "node:sqlite"
import { Exit, Result, Schema } from "effect"
import { codeOf, present } from "./Usable.ts"

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

/**
 * Commits writes together, with an exit each, in their order; fails when none of them could be stored. Every write runs
 * inside the transaction. One that is itself at fault is undone alone; the batch is then run a second time, so writes may
 * touch nothing but the database.
 */
export const commitTogether = (db: DatabaseSync) => {
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  const rollback = db.prepare("ROLLBACK")
  const refuseGone = present(db)

  // Savepoints cost, and writes hardly ever throw: so one for each write only after one of them did.
  const apart = <A>(writes: ReadonlyArray<() => A>): ReadonlyArray<Exit.Exit<A, CommitFailed>> =>
    writes.map((write) => {
      db.exec("SAVEPOINT one")
      try {
        return Exit.succeed(write())
      } catch (cause) {
        // what comes later must not be stored without it; on a full disk SQLite may have ended the transaction by itself
        if (!db.isTransaction || !isAtFault(cause)) throw cause
        db.exec("ROLLBACK TO one")
        return Exit.fail(new CommitFailed({ written: "no", cause }))
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

  return <A>(
    writes: ReadonlyArray<() => A>
  ): Result.Result<ReadonlyArray<Exit.Exit<A, CommitFailed>>, CommitFailed> => {
    let written: "no" | "unknown" = "no"
    try {
      refuseGone()
      const exits = run(writes)
      written = "unknown"
      commit.run()
      return Result.succeed(exits)
    } catch (cause) {
      if (db.isTransaction) rollback.run()
      if (neverWrites(cause)) written = "no"
      return Result.fail(new CommitFailed({ written, cause }))
    }
  }
}

/** It would throw on any day: it breaks a constraint, or is no statement's error at all. */
const isAtFault = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code === undefined || [tooBig, constraint, mismatch, misuse, range].includes(code)
}

/** Of a failed COMMIT: nothing reached the log as a whole. After any other failure, recovery may find it complete. */
const neverWrites = (cause: unknown): boolean => [busy, full].includes(codeOf(cause) ?? 0)

const busy = 5
const full = 13
const tooBig = 18
const constraint = 19
const mismatch = 20
const misuse = 21
const range = 25
