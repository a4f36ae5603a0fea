import { Context, Effect, Layer, Stream } from "effect"
import { Freshness, type Word } from "../runtime/Freshness.ts"
import { Views } from "./Views.ts"

/** Without a word of the log for longer, what is known of it may be known no more: a key may have been revoked meanwhile. */
const freshMillis = 5_000

/** Why what this process knows may be the past. */
export const lags = ["starting", "out_of_date"] as const
export type Lag = (typeof lags)[number]

/** Whether the views have come as far as the log. Before they have, and when there is no word of it, they may show the past. */
export class Readiness extends Context.Service<
  Readiness,
  {
    /** Of what this process keeps in memory: nothing when all that the log held a moment ago is there. */
    readonly lag: () => Lag | undefined
    /** The rows have come as far as the log was at the start, whoever writes them: they may have to be made anew, then and later. */
    readonly written: () => boolean
  }
>()("homing/services/views/Readiness") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { words } = yield* Freshness
      const views = yield* Views
      /** The last one up to whose head everything is in memory. */
      let reached: Word | undefined
      let written = false

      const follow = Stream.runForEach(words, (word) =>
        Effect.map(word.head === undefined ? Effect.void : views.reached(word.head), () => {
          reached = word
        })
      )
      const first = Stream.runForEach(Stream.take(words, 1), ({ head }) =>
        Effect.map(head === undefined ? Effect.void : views.written(head), () => {
          written = true
        })
      )
      yield* Effect.forkScoped(follow, { startImmediately: true })
      yield* Effect.forkScoped(first, { startImmediately: true })

      return {
        lag: () => {
          if (reached === undefined) return "starting"
          return views.stands() || reached.ageMillis() > freshMillis ? "out_of_date" : undefined
        },
        written: () => written && !views.rowsStand()
      }
    })
  )
}
