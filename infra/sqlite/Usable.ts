import { statfsSync, statSync } from "node:fs"
import { basename } from "node:path"
import type { DatabaseSync } from "node:sqlite"

export const codeOf = (cause: unknown): number | undefined => {
  const code = (cause as { readonly errcode?: number }).errcode
  return code === undefined ? undefined : code & 0xff
}

/** What is written into a file without a name is nowhere after the end of this process, and nothing else would say so. */
export const present = (db: DatabaseSync) => {
  const file = db.location()
  if (file === null) return () => {}
  const opened = statSync(file).ino
  return () => {
    if (statSync(file, { throwIfNoEntry: false })?.ino === opened) return
    throw new Error(
      `${basename(file)} was removed or replaced while it was in use: stop, and put it back from a backup`
    )
  }
}

/** What a handful of messages take, a file of its own and those beside it. */
const leastBytes = 1_048_576

const refuseFullDisk = (file: string | null): void => {
  if (file === null) return
  const { bavail, bsize } = statfsSync(file)
  if (bavail * bsize < leastBytes) throw new Error("the disk is full")
}

/** Writes a page, of which nothing changes: it needs of the disk what any commit needs. Another's lock is not waited for. */
const tryCommit = (db: DatabaseSync): void => {
  const { timeout } = db.prepare("PRAGMA busy_timeout").get() as { readonly timeout: number }
  db.exec("PRAGMA busy_timeout = 0")
  try {
    db.exec("PRAGMA user_version = 0")
  } finally {
    db.exec(`PRAGMA busy_timeout = ${timeout}`)
  }
}

/** A damaged page is none that a commit of another page would meet. */
const damage = [11, 26]

/** Whether a commit would be stored, as far as that can be told without one. */
export const usability = (db: DatabaseSync) => {
  const refuseGone = present(db)
  /** What the last commit failed by. */
  let trouble: unknown
  return {
    failed: (cause: unknown) => {
      trouble = cause
    },
    stored: () => {
      trouble = undefined
    },
    /** Throws what a commit would. */
    refuse: () => {
      refuseGone()
      if (trouble === undefined) return refuseFullDisk(db.location())
      if (damage.includes(codeOf(trouble) ?? 0)) throw trouble
      tryCommit(db)
      trouble = undefined
    }
  }
}
