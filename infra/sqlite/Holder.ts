import { randomUUID } from "node:crypto"
import { closeSync, openSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { hostname } from "node:os"
import { every } from "#domain/Timer.ts"

/**
 * Who holds a folder, as a note in it that is renewed all the time: for mounts that forward no locks, through which two
 * processes that do not see each other reach the same files. It is made exclusively, which such mounts do forward, and
 * is written where it stands, not replaced: another machine sees that sooner.
 */
export interface Note {
  /** Of one life of a process. */
  readonly token: string
  readonly pid: number
  readonly host: string
  /** Where `pid` means something: a running kernel, and the processes that see each other. */
  readonly realm: string
  /** Counts renewals: whether it moves is told without comparing clocks. */
  readonly beat: number
}

export interface Pace {
  readonly beatMillis: number
  /** Without a new beat for this long, the holder is taken for dead. */
  readonly patienceMillis: number
}
export const standardPace: Pace = { beatMillis: 1_000, patienceMillis: 5_000 }

const pause = (millis: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

const from = (read: () => string) => {
  try {
    return read().trim()
  } catch {
    return "" // not on this system
  }
}
const realm = [
  hostname(),
  from(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
  from(() => readlinkSync("/proc/self/ns/pid"))
].join(" ")

/** In another realm, where its number says nothing here. */
export const isElsewhere = (note: Note) => note.realm !== realm

export const read = (file: string): Note | undefined => {
  try {
    return noteIn(readFileSync(file, "utf8"))
  } catch {
    return undefined
  }
}

const noteIn = (text: string): Note | undefined => {
  const note = JSON.parse(text) as Note
  return typeof note.token === "string" && Number.isSafeInteger(note.pid) && note.pid > 0 ? note : undefined
}

const isKnownDead = ({ pid, realm: where }: Note) => {
  if (where !== realm) return false
  if (pid === process.pid) return true // an earlier one of this number, or an earlier life in this process
  try {
    process.kill(pid, 0)
    return false
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "ESRCH"
  }
}

/** Watches the note for as long as a living holder may leave it as it is. */
const isRenewed = (file: string, note: Note | undefined, { patienceMillis }: Pace): boolean => {
  const until = performance.now() + patienceMillis
  while (performance.now() < until) {
    pause(100)
    const now = read(file)
    if (now !== undefined && (now.token !== note?.token || now.beat !== note.beat)) return true
  }
  return false
}

/** Always as long, so that no reader meets the end of a longer one. */
const textOf = (note: Note) => JSON.stringify(note).padEnd(400)

const create = (file: string, note: Note): boolean => {
  try {
    writeFileSync(file, textOf(note), { flag: "wx", mode: 0o600 })
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false
    throw cause
  }
}

const renew = (file: string, note: Note) => {
  const fd = openSync(file, "r+")
  try {
    writeSync(fd, textOf(note), 0)
  } finally {
    closeSync(fd)
  }
}

/** One of those who find the same dead holder takes its note away; who took a living one's gives it back. */
const takeAway = (file: string, dead: Note | undefined, token: string) => {
  const aside = `${file}.${token}`
  try {
    renameSync(file, aside)
  } catch {
    return // somebody else did
  }
  if (read(aside)?.token === dead?.token) return rmSync(aside, { force: true })
  renameSync(aside, file)
}

export interface Hold {
  readonly release: () => void
}

/**
 * Takes the note, or answers with whose it is. `lost` is called when another process has taken it: from then on nothing
 * may be written.
 */
export const hold = (file: string, pace: Pace, lost: () => void): Hold | { readonly holder: Note | undefined } => {
  const token = randomUUID()
  const own = (beat: number): Note => ({ token, pid: process.pid, host: hostname(), realm, beat })
  if (!create(file, own(0))) {
    const found = read(file)
    if ((found === undefined || !isKnownDead(found)) && isRenewed(file, found, pace)) return { holder: read(file) }
    takeAway(file, found, token)
    if (!create(file, own(0))) return { holder: read(file) }
  }

  let beat = 0
  const createAgain = () => {
    try {
      create(file, own(++beat))
    } catch {
      // the next beat tries again
    }
  }
  const renewing = every(pace.beatMillis, () => {
    try {
      const note = noteIn(readFileSync(file, "utf8"))
      if (note?.token === token) return renew(file, own(++beat))
      if (note === undefined) return
    } catch (cause) {
      // Nobody's: then it is ours again, unless somebody else is just making it. Anything else, such as a disk that is
      // away, is no reason to end: the next beat looks again.
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") createAgain()
      return
    }
    renewing.stop()
    lost()
  }).unref()
  return {
    release: () => {
      renewing.stop()
      if (read(file)?.token === token) rmSync(file, { force: true })
    }
  }
}
