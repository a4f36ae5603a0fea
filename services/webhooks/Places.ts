import type { DeliveryId, EventId } from "#domain/Ids.ts"
import { type Answered, isAway } from "./Answered.ts"
import { longestWishMillis } from "./Retries.ts"

/** How many attempts at one endpoint are under way at once, each of another chat. */
const most = 32
/** While the latest one failed: each may last its whole time, and hold a connection for as long. */
const mostFailing = 4
/** After so many failures in a row, as of one that is away, it is asked one at a time whether it is back, so often. */
const mostInARow = 8
const probeMillis = 10_000

/** What is under way at a destination, and whether more may be. */
export class Places {
  readonly #busy = new Set<DeliveryId>()
  readonly #isPatient: boolean
  #aimedBy: EventId | undefined
  #isFailing = false
  /** In a row, as of one that is away. */
  #failures = 0
  #probeAt = 0
  /** Until when it has asked to be left alone. */
  #quietUntil = 0
  /** Something was due that there was no place for. */
  #hasMore = false

  /** `isPatient`: one that is away is not tried with everything that waits for it. */
  constructor(isPatient = false) {
    this.#isPatient = isPatient
  }

  /** What it was like before it was enabled, or moved, says nothing of it. */
  aim(by: EventId): void {
    if (this.#aimedBy === by) return
    this.#aimedBy = by
    this.#isFailing = false
    this.#failures = 0
    this.#quietUntil = 0
  }

  get isParked(): boolean {
    return this.#isPatient && this.#failures >= mostInARow
  }

  get #all(): number {
    if (this.isParked) return 1
    return this.#isFailing ? mostFailing : most
  }

  /** What an attempt came to, and how long it wants to be left alone. Answers whether it is back after it was parked. */
  heard(answered: Answered, now: number): boolean {
    const { isDelivered, wishMillis } = answered
    const wasParked = this.isParked
    this.#isFailing = !isDelivered
    this.#failures = !isDelivered && isAway(answered) ? this.#failures + 1 : 0
    this.#probeAt = now + probeMillis
    if (wishMillis !== undefined && !isDelivered) this.#quietUntil = now + Math.min(wishMillis, longestWishMillis)
    return wasParked && !this.isParked
  }

  free(now: number): number {
    // longer than may be: the clock was set back meanwhile
    const isBefore = (moment: number, longest: number) => moment > now && moment - now <= longest
    if (isBefore(this.#quietUntil, longestWishMillis)) return 0
    if (this.isParked && isBefore(this.#probeAt, probeMillis)) return 0
    return this.#all - this.#busy.size
  }

  /** How many to ask for, so that among them are as many as there are places for: what is under way is due as well. */
  wanted(now: number): number {
    return this.#busy.size + this.free(now)
  }

  /** What was due, when so many were asked for. */
  found(due: number, asked: number): void {
    this.#hasMore = due >= asked
  }

  /** Whether to ask what is due: not for every place that becomes free. */
  isWorthAsking(now: number): boolean {
    return this.#hasMore && this.free(now) * 2 >= this.#all
  }

  /** Whether there was a place for it. */
  take(id: DeliveryId, now: number): boolean {
    if (this.#busy.has(id)) return false
    if (this.free(now) <= 0) {
      this.#hasMore = true
      return false
    }
    this.#busy.add(id)
    return true
  }

  leave(id: DeliveryId): void {
    this.#busy.delete(id)
  }
}
