import { chmodSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { isThere } from "../Openable.ts"

/** What this project keeps in a data folder, secrets apart, which look after themselves. */
const ours = /^(?:.+\.db(?:-wal|-shm|-journal)?|lock\.[a-z]+|trust\.json)$/
const [writableByOthers, openToOthers] = [0o022, 0o077]

const octal = (mode: number) => (mode & 0o777).toString(8)

/**
 * Leaves the folder and what is in it to its owner, and answers with what was open. Throws when it is another user's, or
 * when others could have written to what is in it: then it may not be what was written.
 */
export const closeToOthers = (folder: string): ReadonlyArray<string> => {
  const files = readdirSync(folder)
    .filter((name) => ours.test(name))
    .map((name) => join(folder, name))
    .filter(isThere) // a holder's that went meanwhile is not
  const found = [folder, ...files].flatMap((path) => {
    const mode = modeOf(path)
    return mode === undefined ? [] : [{ path, mode }]
  })
  const written = files.length > 0 ? found.find(({ mode }) => (mode & writableByOthers) !== 0) : undefined
  if (written !== undefined) {
    throw new Error(
      `${written.path} is open for other users to write (mode ${octal(written.mode)}): what stands in it may not be ours. ` +
        `If nobody else has been at it: chmod -R go= ${folder}`
    )
  }
  const open = found.filter(({ mode }) => (mode & openToOthers) !== 0)
  const wasClosed = ((found[0]?.mode ?? 0) & openToOthers) === 0 // then nobody could get at what is in it
  for (const { mode, path } of open) {
    chmodSync(path, mode & 0o777 & ~openToOthers)
    if (((modeOf(path) ?? 0) & openToOthers) === 0) continue
    throw new Error(
      `${path} stays open to other users (mode ${octal(mode)}): its file system keeps no permissions: set DATA_DIR to a folder on one that does`
    )
  }
  return wasClosed ? [] : open.map(({ mode, path }) => `${path} (${octal(mode)})`)
}

const modeOf = (path: string) => {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  const { mode, uid } = found
  const self = process.geteuid?.()
  if (self !== undefined && uid !== self) {
    throw new Error(
      `${path} belongs to user ${uid}, and this process is user ${self}: run it as that one, or chown -R it`
    )
  }
  return mode
}
