import { Effect } from "effect"
import { afterwards } from "#domain/Afterwards.ts"

/** Who comes as often as that comes all the time. */
const lullMillis = 100

/** Whether webhooks wait here for their answer, or did just now: that comes before all that follows from it. */
export class Rush {
  #waiting = 0
  #ended = Number.NEGATIVE_INFINITY
  readonly #lull: number
  constructor(lull = lullMillis) {
    this.#lull = lull
  }

  get isOn(): boolean {
    return this.#waiting > 0 || performance.now() - this.#ended < this.#lull
  }

  during<A, E, R>(answering: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.#waiting++
      return afterwards(answering, () => {
        this.#waiting--
        this.#ended = performance.now()
      })
    })
  }
}

/** Facts that are as late as that are waited for as well. */
const lateMillis = 5_000
const longestRestMillis = 500

/** How long whatever follows from webhooks rests after so much work, while there is a rush: never long enough to be held up for good. */
export const restAfter = (workedMillis: number, lateByMillis: number): number =>
  Math.min(workedMillis * (lateByMillis < lateMillis ? 4 : 1), longestRestMillis)
