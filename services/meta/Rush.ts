import { Effect } from "effect"
import { afterwards } from "#domain/Afterwards.ts"

/** Whether webhooks wait here for their answer, which comes before all that follows from it. */
export class Rush {
  #waiting = 0

  get isOn(): boolean {
    return this.#waiting > 0
  }

  during<A, E, R>(answering: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.#waiting++
      return afterwards(answering, () => {
        this.#waiting--
      })
    })
  }
}
