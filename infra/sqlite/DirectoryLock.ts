import { existsSync, mkdirSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Layer, Schema } from "effect"
import { inWords } from "#domain/SystemWords.ts"
import { closeToOthers } from "./Access.ts"
import * as Holder from "./Holder.ts"

/** `pid` is missing, or the holder's before, for the moment between taking the lock and noting it. */
export class DirectoryInUse extends Schema.TaggedError<DirectoryInUse>()("DirectoryInUse", {
  folder: Schema.String,
  pid: Schema.UndefinedOr(Schema.Int),
  /** When it is another one than this. */
  host: Schema.UndefinedOr(Schema.String)
}) {
  override get message() {
    const where = this.host === undefined ? "" : ` on ${this.host}`
    const who = this.pid === undefined ? "another process" : `process ${this.pid}${where}`
    return `the data directory ${this.folder} is in use by ${who}: stop that first, or set DATA_DIR to another folder`
  }
}

export class DirectoryUnusable extends Schema.TaggedError<DirectoryUnusable>()("DirectoryUnusable", {
  folder: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the data directory ${this.folder} cannot be used: ${inWords(this.cause)}`
  }
}

/** What the operating system holds for this process until it is closed. Throws SQLite's "busy" when another has it. */
type Lock = (folder: string) => { readonly close: () => void }

export interface Options {
  readonly lock?: Lock
  readonly pace?: Holder.Pace
  /** What becomes of this process when another has taken the folder. */
  readonly lost?: (folder: string) => void
}

/**
 * At once, and nothing is closed: closing a database writes into files that another process has by now. Its supervisor
 * may start it again; then it is told who holds the folder.
 */
const endNow = (folder: string) => {
  writeSync(2, `homing: the data directory ${folder} was taken by another process while this one stood still\n`)
  process.kill(process.pid, "SIGKILL")
}

/**
 * Holds `folder` for this process until the scope closes; makes it if it is missing, and closes it to other users. The
 * lock is the operating system's, on a database of its own: it ends with the process, however that ends. Where a mount
 * forwards no locks, the holder's note keeps others out.
 */
export const layer = (
  folder: string,
  { lock = lockDatabase, lost = endNow, pace = Holder.standardPace }: Options = {}
) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const open = yield* Effect.try({
        try: () => {
          mkdirSync(folder, { recursive: true, mode: 0o700 })
          return closeToOthers(folder)
        },
        catch: (cause) => new DirectoryUnusable({ folder, cause })
      })
      if (open.length > 0)
        yield* Effect.logWarning("what other users could read is closed to them", { paths: open.join(", ") })
      yield* Effect.acquireRelease(
        Effect.try({
          try: () => {
            const locked = lock(folder)
            try {
              rmSync(join(folder, "lock.pid"), { force: true }) // an older release's note
              const held = Holder.hold(noteIn(folder), pace, () => lost(folder))
              if ("holder" in held) throw inUse(folder, held.holder)
              return { held, locked }
            } catch (cause) {
              locked.close()
              throw cause
            }
          },
          catch: (cause) =>
            cause instanceof DirectoryInUse
              ? cause
              : isBusy(cause)
                ? inUse(folder, Holder.read(noteIn(folder)))
                : new DirectoryUnusable({ folder, cause })
        }),
        ({ held, locked }) =>
          Effect.sync(() => {
            held.release() // while the lock is held: afterwards it may be the next process's
            locked.close()
          })
      )
    })
  )

const noteIn = (folder: string) => join(folder, "lock.json")

const inUse = (folder: string, note: Holder.Note | undefined) =>
  new DirectoryInUse({
    folder,
    pid: note?.pid,
    host: note !== undefined && Holder.isElsewhere(note) ? note.host : undefined
  })

/**
 * Nobody but SQLite may open the file in this process: on POSIX, closing any descriptor of it would end the lock.
 * The journal is not a write-ahead log, whose readers and writers can share a file.
 */
export const lockDatabase: Lock = (folder) => {
  const file = join(folder, "lock.db")
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 })
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

/** Of SQLite's extended result codes, the low byte tells the kind. */
const isBusy = (cause: unknown) => ((cause as { readonly errcode?: number }).errcode ?? 0) % 256 === 5
