import type { DeliveryId } from "#domain/Ids.ts"

/** How many attempts at one endpoint are under way at once, each of another chat. */
const most = 32
/** While the latest one failed: each may last its whole time, and hold a connection for as long. */
const mostFailing = 4

/** What is under way at an endpoint, and whether more may be. */
export class Places {
  readonly #busy = new Set<DeliveryId>()
  isFailing = false
  /** Until when it has asked to be left alone. */
  quietUntil = 0

  free(now: number): number {
    return this.quietUntil > now ? 0 : (this.isFailing ? mostFailing : most) - this.#busy.size
  }

  /** How many to ask for, so that among them are as many as there are places for. */
  get wanted(): number {
    return this.#busy.size + most
  }

  /** Whether there was a place for it. */
  take(id: DeliveryId, now: number): boolean {
    if (this.free(now) <= 0 || this.#busy.has(id)) return false
    this.#busy.add(id)
    return true
  }

  leave(id: DeliveryId): void {
    this.#busy.delete(id)
  }
}
