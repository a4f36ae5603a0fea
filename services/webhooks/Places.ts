import type { DeliveryId, EventId } from "#domain/Ids.ts"
import { longestWishMillis } from "./Retries.ts"

/** How many attempts at one endpoint are under way at once, each of another chat. */
const most = 32
/** While the latest one failed: each may last its whole time, and hold a connection for as long. */
const mostFailing = 4

/** What is under way at an endpoint, and whether more may be. */
export class Places {
  readonly #busy = new Set<DeliveryId>()
  #aimedBy: EventId | undefined
  isFailing = false
  /** Until when it has asked to be left alone. */
  quietUntil = 0
  /** Something was due that there was no place for. */
  #hasMore = false

  /** What it was like before it was enabled, or moved, says nothing of it. */
  aim(by: EventId): void {
    if (this.#aimedBy === by) return
    this.#aimedBy = by
    this.isFailing = false
    this.quietUntil = 0
  }

  get #all(): number {
    return this.isFailing ? mostFailing : most
  }

  free(now: number): number {
    const quietMillis = this.quietUntil - now
    // longer than it may ask for: the clock was set back meanwhile
    return quietMillis > 0 && quietMillis <= longestWishMillis ? 0 : this.#all - this.#busy.size
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
