import { statSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"

/** Up to this size a file is read through at each start, in some 50 ms; a larger one by `homing store check`. */
const readThroughBytes = 32 * 1024 * 1024

/** What was found by looking. */
export class Damaged extends Error {}

/** Throws when the file is not whole, as far as a start has time to look. */
export const refuseDamaged = (db: DatabaseSync, file: string): void => {
  const { size } = statSync(file)
  const isLogged = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  // behind a write-ahead log the file may be the shorter one
  const expected = isLogged ? size : numberOf(db, "page_count") * numberOf(db, "page_size")
  if (size < expected) throw new Damaged(`it is cut off: ${size} bytes of ${expected}`)
  if (size <= readThroughBytes) refuseDamagedPages(db)
}

/** Throws when a page is not what it should be. Takes about a second for each 200 MB. */
export const refuseDamagedPages = (db: DatabaseSync): void => {
  const found = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0]
  if (found === "ok") return
  const words = String(found).split("\n")
  throw new Damaged(`it is damaged (${words.find((line) => !line.startsWith("***")) ?? words[0]})`) // under SQLite's headings
}

const numberOf = (db: DatabaseSync, pragma: string) =>
  Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] as number
