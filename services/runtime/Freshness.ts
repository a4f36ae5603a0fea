import { Context, Effect, Layer, Schedule, Stream } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Watched from "./Watched.ts"

/** Whether another process keeps the log, and it may fall out of reach. */
export const LogElsewhere = Context.Reference<boolean>("homing/services/runtime/LogElsewhere", {
  defaultValue: () => false
})

const interval = "1 second"
const pause = "500 millis"

/** What the log answered when it was asked for its head. */
export interface Word {
  readonly head: bigint | undefined
  /** Milliseconds since it was asked: whatever was recorded before stands up to the head. */
  readonly ageMillis: () => number
}

/** When this process last had word of the log. Also of one in which nothing happens: it is asked, once for all who need it. */
export class Freshness extends Context.Service<
  Freshness,
  {
    /** The last word, if there is one, and again each time that there is another. A log in this process is asked once. */
    readonly words: Stream.Stream<Word>
    /**
     * Steady milliseconds since the last word was asked for; before the first, since this process began to ask. A clock that
     * is set says nothing about the log. 0 for a log in this process.
     */
    readonly silentMillis: () => number
  }
>()("homing/services/runtime/Freshness") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const wall = yield* Clocks.wall
      const steady = yield* Clocks.steady
      const store = yield* EventStore
      const elsewhere = yield* LogElsewhere

      /** By the clock that says more: one of the two stands still while the machine sleeps, the other one may be set. */
      const since = () => {
        const [shown, began] = [wall(), steady()]
        return () => (elsewhere ? Math.max(wall() - shown, steady() - began) : 0)
      }
      let heardAt = steady()
      const last = yield* Watched.make<Word | undefined>(undefined)

      const ask = Effect.gen(function* () {
        const ageMillis = since()
        const asked = steady()
        const head = yield* store.head
        heardAt = asked
        yield* last.set({ head, ageMillis })
      })
      const asking = ask.pipe(
        Effect.matchEffect({ onFailure: () => Effect.sleep(pause), onSuccess: () => Effect.sleep(interval) }),
        Effect.forever
      )
      const once = Effect.retry(ask, { schedule: Schedule.spaced(pause) })
      yield* Effect.forkScoped(elsewhere ? asking : once, { startImmediately: true })

      return {
        words: Stream.filter(last.changes, (word) => word !== undefined),
        silentMillis: () => (elsewhere ? steady() - heardAt : 0)
      }
    })
  )
}
