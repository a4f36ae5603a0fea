import { Effect } from "effect"
import { afterwards } from "#domain/Afterwards.ts"
import { Turns } from "#domain/Turns.ts"

/** What is said to one live aggregate: one at a time, in order. */
export class Mailbox {
  readonly #turns = new Turns(1)
  /** The one at work, and those that wait. */
  #users = 0

  get isEmpty(): boolean {
    return this.#users === 0
  }

  /** `work` begins when those before it have left; it is `late` if its deadline comes first. `emptied`: nobody is left. */
  enter<A, E, E2>(
    work: Effect.Effect<A, E>,
    late: Effect.Effect<never, E2>,
    emptied: () => void
  ): Effect.Effect<A, E | E2> {
    const leave = () => {
      if (--this.#users === 0) emptied()
    }
    const held = afterwards(work, () => {
      this.#turns.giveBack()
      leave()
    })
    this.#users++
    if (this.#turns.take()) return held
    return Effect.flatMap(this.#turns.await(), (isTurn): Effect.Effect<A, E | E2> => {
      if (isTurn) return held
      leave()
      return late
    })
  }
}
