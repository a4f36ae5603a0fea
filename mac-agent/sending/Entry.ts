import { type Instant, toMillis } from "#domain/Instant.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import type { NotSentReason } from "#domain/ports/WhatsApp.ts"

/** The ledger tries again by itself for this long after the first attempt, always under the same id. */
const windowMillis = 15 * 60_000
const firstRetryMillis = 15_000

const notSentRetryMillis = 2_000
const longestRetryMillis = 15 * 60_000

/** It may have left, or not. Tried again, later from time to time, until its window closes; then only a person may. */
export interface Doubt {
  readonly tries: number
  due: number
  /** Its time has come, and it waits for its turn in its chat. */
  inLine: boolean
}

export interface Refusal {
  readonly at: Instant
  readonly code?: string
}

/** What is known of an entry that is not over yet. In memory only: what has to last is in the ledger. */
export interface Live {
  readonly entry: LedgerEntry
  /**
   * The highest attempt under which it was asked for. Reports answer to that one: what a restart says of the latest
   * attempt would outvote a verdict on an earlier one, though it knows less.
   */
  attempt: number
  attemptedMillis: number | undefined
  /** From when a try is to be written down until it is over. */
  trying: boolean
  /** The last word on it came by another way than a try: none begins any more, and how one ends says nothing new. */
  heard: boolean
  /** The server refused an earlier try while this one is under way: its end decides, for it may still leave. */
  refusal: Refusal | undefined
  doubt: Doubt | undefined
  vainQueries: number
}

export const make = (entry: LedgerEntry): Live => ({
  entry,
  attempt: entry.attempt,
  attemptedMillis: entry.attemptedAt && toMillis(entry.attemptedAt),
  trying: false,
  heard: false,
  refusal: undefined,
  doubt: undefined,
  vainQueries: 0
})

export const hasExpired = ({ entry }: Live, now: number): boolean => now >= toMillis(entry.expiresAt)

export const isTried = ({ attemptedMillis, doubt }: Live): boolean =>
  attemptedMillis !== undefined || doubt !== undefined

/** No further try is made of what may have left. */
export const isClosed = (live: Live, now: number): boolean =>
  now - (live.attemptedMillis ?? toMillis(live.entry.acceptedAt)) > windowMillis || hasExpired(live, now)

export const mayBegin = (live: Live, now: number): boolean => {
  if (live.heard || live.refusal !== undefined) return false
  return live.doubt === undefined ? !hasExpired(live, now) : live.doubt.due <= now && !isClosed(live, now)
}

/** A try ended unclear. */
export const doubted = ({ doubt }: Live, now: number): Doubt => {
  const tries = (doubt?.tries ?? 0) + 1
  return { tries, due: now + firstRetryMillis * 2 ** (tries - 1), inLine: false }
}

/** Left by an earlier run: waits for its device. */
export const leftInDoubt = (): Doubt => ({ tries: 1, due: Number.POSITIVE_INFINITY, inLine: false })

/** Each such try has asked for the number, its devices or their keys. */
const asksTheServer: ReadonlySet<NotSentReason> = new Set(["lookup_failed", "encryption_failed"])

/**
 * How long what certainly did not leave waits. WhatsApp restricts accounts that look up numbers again and again: what
 * fails there waits twice as long each time, and never as long as its neighbours. `chance` is from 0 to 1.
 */
export const pauseAfter = (live: Live, reason: NotSentReason, chance: number): number => {
  if (!asksTheServer.has(reason)) return notSentRetryMillis
  const longest = Math.min(notSentRetryMillis * 2 ** live.vainQueries, longestRetryMillis)
  live.vainQueries++
  return (longest * (1 + chance)) / 2
}
