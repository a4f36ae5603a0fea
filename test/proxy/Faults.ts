import { EventEmitter } from "node:events"

/** Which way bytes go: from the one who connected, or to him. */
export type Direction = "toServer" | "toClient"

/** What is wrong with the network at this moment. */
export interface Faults {
  /** Every byte arrives this much later; the order and the throughput stay. */
  readonly delayMillis: number
  /** In each direction of each connection. */
  readonly bytesPerSecond: number
  /** A partition: bytes that way are held back, and arrive when it ends, as TCP repeats what was lost. */
  readonly silent: Direction | "both" | "none"
  /** The other end is gone and nobody says so: everything is swallowed. When it ends, these connections are reset. */
  readonly halfOpen: boolean
  /**
   * A loss that TCP does not make good: with this chance per piece a connection stands still in both directions, and
   * is reset after a while.
   */
  readonly loss: { readonly chance: number; readonly stallMillis: number }
}

export const healthy: Faults = {
  delayMillis: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  silent: "none",
  halfOpen: false,
  loss: { chance: 0, stallMillis: 0 }
}

export const isSilent = ({ silent }: Faults, direction: Direction) => silent === "both" || silent === direction

/** What is wrong now; says `change` whenever something else is. */
export class Weather extends EventEmitter {
  #now = healthy

  get now() {
    return this.#now
  }
  set(faults: Faults) {
    this.#now = faults
    this.emit("change")
  }
}
