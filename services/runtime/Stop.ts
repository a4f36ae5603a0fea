import { Context, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"

/** The end of this process, which is of one time for all that has to end: first the door, then what stands behind it. */
export class Stop extends Context.Service<
  Stop,
  {
    /** From now on nothing new is taken. */
    readonly begin: Effect.Effect<void>
    readonly begun: () => boolean
    /** Of the time that a stop may take. */
    readonly remainingMillis: () => number
  }
>()("homing/services/runtime/Stop") {
  static readonly layer = (withinMillis: number) =>
    Layer.effect(
      this,
      Effect.map(Clocks.steady, (now) => {
        let began: number | undefined
        return {
          begin: Effect.sync(() => {
            began ??= now()
          }),
          begun: () => began !== undefined,
          remainingMillis: () => (began === undefined ? withinMillis : Math.max(0, withinMillis - (now() - began)))
        }
      })
    )
}
