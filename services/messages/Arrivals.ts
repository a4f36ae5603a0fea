interface Accepted {
  readonly device: string
  readonly position: bigint
}

/** One request that may become a message that waits. */
export interface Arrival {
  /** It became one, at this position of the log: it counts until the views show it, and are asked then. */
  readonly recorded: (position: bigint) => void
  /** It did not, unless it was recorded. */
  readonly end: () => void
}

/**
 * What this process accepts and the views do not show yet. They follow the log a little later: without this, whatever
 * arrives meanwhile would pass any limit on what they count.
 */
export class Arrivals {
  readonly #byDevice = new Map<string, number>()
  /** About in the order of the log. */
  #accepted: Array<Accepted> = []
  #first = 0
  #total = 0

  get total() {
    return this.#total
  }

  of(device: string): number {
    return this.#byDevice.get(device) ?? 0
  }

  begin(device: string): Arrival {
    let under = true
    this.#count(device, 1)
    return {
      recorded: (position) => {
        if (!under) return
        under = false
        this.#accepted.push({ device, position })
      },
      end: () => {
        if (!under) return
        under = false
        this.#count(device, -1)
      }
    }
  }

  /** The views count everything up to this position. */
  shown(position: bigint | undefined) {
    if (position === undefined) return
    while (this.#first < this.#accepted.length && this.#accepted[this.#first]!.position <= position) {
      this.#count(this.#accepted[this.#first++]!.device, -1)
    }
    if (this.#first * 2 > this.#accepted.length) {
      this.#accepted = this.#accepted.slice(this.#first)
      this.#first = 0
    }
  }

  #count(device: string, change: number) {
    this.#total += change
    const now = this.of(device) + change
    if (now === 0) this.#byDevice.delete(device)
    else this.#byDevice.set(device, now)
  }
}
