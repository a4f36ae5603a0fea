import type { DeviceId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"

/** The ledger tries again by itself for this long after the first attempt, always under the same id. */
const windowMillis = 15 * 60_000
const firstRetryMillis = 15_000

/**
 * Ambiguous entries: they may have left, or not. Each is tried again, later from time to time, until the server's word
 * comes, the message expires or the window closes; then only a person may. In memory only: the ledger has them too.
 */
export interface Unclear {
  readonly has: (entry: LedgerEntry) => boolean
  /** A try ended unclear; says how many have. */
  readonly failed: (entry: LedgerEntry, now: number) => number
  /** Left by an earlier run: waits for its device. */
  readonly resume: (entry: LedgerEntry) => void
  /** The entry that was taken for a try could not be tried: again after `millis`. */
  readonly postpone: (entry: LedgerEntry, until: number) => void
  /** Nothing of this device is tried before. */
  readonly notBefore: (device: DeviceId, millis: number) => void
  readonly settled: (entry: LedgerEntry) => void
  /** Those whose time has come and that `claim` says yes to: they are being tried until `failed` or `settled`. */
  readonly takeDue: (now: number, claim: (entry: LedgerEntry) => boolean) => ReadonlyArray<LedgerEntry>
}

interface Doubt {
  readonly entry: LedgerEntry
  due: number
  tries: number
  /** While it is tried nothing else happens to it: what comes of the try must find it here. */
  trying: boolean
}

export const make = (): Unclear => {
  const doubts = new Map<bigint, Doubt>()
  const isOver = ({ entry }: Doubt, now: number) =>
    now - toMillis(entry.attemptedAt ?? entry.acceptedAt) > windowMillis || now >= toMillis(entry.expiresAt)

  return {
    has: (entry) => doubts.has(entry.position),
    failed: (entry, now) => {
      const tries = (doubts.get(entry.position)?.tries ?? 0) + 1
      const due = now + firstRetryMillis * 2 ** (tries - 1)
      doubts.set(entry.position, { entry, due, tries, trying: false })
      return tries
    },
    resume: (entry) => {
      doubts.set(entry.position, { entry, due: Number.POSITIVE_INFINITY, tries: 1, trying: false })
    },
    postpone: (entry, until) => {
      const doubt = doubts.get(entry.position)
      if (doubt !== undefined) Object.assign(doubt, { due: until, trying: false })
    },
    notBefore: (device, millis) => {
      for (const doubt of doubts.values()) if (doubt.entry.device === device) doubt.due = millis
    },
    settled: (entry) => void doubts.delete(entry.position),
    takeDue: (now, claim) => {
      const due: Array<LedgerEntry> = []
      for (const [position, doubt] of doubts) {
        if (doubt.trying) continue
        if (isOver(doubt, now)) doubts.delete(position)
        else if (doubt.due <= now && claim(doubt.entry)) {
          doubt.trying = true
          due.push(doubt.entry)
        }
      }
      return due
    }
  }
}
