import { Effect, Exit } from "effect"
import { Later } from "./Later.ts"
import { remainingMillis } from "./ports/Deadline.ts"
import { type After, Timers } from "./Timer.ts"

const given = Exit.succeed(true)
const late = Exit.succeed(false)

/** So many at a time. The others wait in their order, each until its deadline, also where nothing may be interrupted. */
export class Turns {
  #free: number
  /** Told whether the turn has come, or the deadline has. */
  readonly #waiting: Array<Later<boolean>> = []

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Whether a turn was free, and is taken. */
  take(): boolean {
    if (this.#free === 0) return false
    this.#free--
    return true
  }

  /** Takes a turn when one is given back; `false` when the deadline comes first. */
  await(): Effect.Effect<boolean> {
    return Effect.flatMap(remainingMillis, (millis) =>
      this.take() ? Effect.succeed(true) : Effect.flatMap(Timers, ({ after }) => this.#queue(millis, after))
    )
  }

  #queue(millis: number, after: After): Effect.Effect<boolean> {
    const turn = new Later<boolean>()
    this.#waiting.push(turn)
    const timer = millis === Number.POSITIVE_INFINITY ? undefined : after(millis, () => turn.tell(late))
    return turn.told.pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          if (!turn.tell(late) && turn.is(given)) this.giveBack()
        })
      ),
      Effect.ensuring(Effect.sync(() => timer?.stop()))
    )
  }

  giveBack(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else {
      // not in this step: a long line is no deep stack
      queueMicrotask(() => {
        if (!next.tell(given)) this.giveBack()
      })
    }
  }
}
