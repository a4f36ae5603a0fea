import { Context } from "effect"

export interface Timer {
  readonly stop: () => void
}

export class Countdown implements Timer {
  readonly #timer: ReturnType<typeof setTimeout>

  constructor(timer: ReturnType<typeof setTimeout>) {
    this.#timer = timer
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** The whole time, from now on; also after it rang, not after it was stopped. */
  restart(): void {
    this.#timer.refresh()
  }

  /** The process does not stay for this alone. */
  unref(): this {
    this.#timer.unref()
    return this
  }
}

/** Rings once, after so long. */
export type After = (millis: number, ring: () => void) => Timer

/** Goes by the time of the process, as the callbacks of a library do. */
export const after = (millis: number, ring: () => void): Countdown => new Countdown(setTimeout(ring, millis))

/** Rings again and again. */
export const every = (millis: number, ring: () => void): Countdown => new Countdown(setInterval(ring, millis))

/**
 * The timers of what waits for a message between effects. There is one for each, and a fiber that sleeps for it would cost
 * several times as much. They go by the time of the process unless a test holds them (`testing/HeldTimers`).
 */
export const Timers = Context.Reference<{ readonly after: After }>("homing/domain/Timers", {
  defaultValue: () => ({ after })
})
