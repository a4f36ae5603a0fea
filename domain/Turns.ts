import { Deferred, Effect, Exit } from "effect"
import { remainingMillis } from "./ports/Deadline.ts"

const given = Exit.succeed(true)

/** So many at a time. The others wait in their order, each until its deadline, also where nothing may be interrupted. */
export class Turns {
  #free: number
  /** Told whether the turn has come, or the deadline has. */
  readonly #waiting: Array<Deferred.Deferred<boolean>> = []

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
    return Effect.flatMap(remainingMillis, (millis) => (this.take() ? Effect.succeed(true) : this.#queue(millis)))
  }

  #queue(millis: number): Effect.Effect<boolean> {
    const turn = Deferred.makeUnsafe<boolean>()
    this.#waiting.push(turn)
    const giveUp = () => Deferred.doneUnsafe(turn, Exit.succeed(false))
    const timer = millis === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, millis)
    return Deferred.await(turn).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          if (!giveUp() && turn.effect === given) this.giveBack()
        })
      ),
      Effect.ensuring(Effect.sync(() => clearTimeout(timer)))
    )
  }

  giveBack(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else {
      // not in this step: a long line is no deep stack
      queueMicrotask(() => {
        if (!Deferred.doneUnsafe(next, given)) this.giveBack()
      })
    }
  }
}
