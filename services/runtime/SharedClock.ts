import { Context, Effect, Layer, Schedule } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { Leases } from "#domain/ports/Leases.ts"
import { observe } from "../telemetry/Metrics.ts"

const interval = "1 second"
/** An answer that was under way for longer says too little, once there is a better one. */
const longestTripMillis = 1_000
/** A clock that is further away is off; it is right again when it is half as near. */
const toleranceMillis = 5_000

/**
 * How this machine's clock stands to the one that gateways share, that of the database. What one of them calls expired
 * must not be in time for another one.
 */
export class SharedClock extends Context.Service<
  SharedClock,
  {
    /** How far this machine is ahead, now; of a gateway that shares no clock, 0. */
    readonly offsetMillis: () => number
    /** Also when this machine's clock was set a moment ago, and while the database is away. */
    readonly isOff: () => boolean
    /** Since the database was last asked for the time and answered; of a gateway that shares no clock, 0. */
    readonly silentMillis: () => number
  }
>()("homing/services/runtime/SharedClock") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { time } = yield* Leases
      if (time === undefined) return { offsetMillis: () => 0, isOff: () => false, silentMillis: () => 0 }
      const wall = yield* Clocks.wall
      const steady = yield* Clocks.steady

      let heard = steady()
      /** What the shared clock shows when this machine's steady one shows 0, give or take. */
      const compare = Effect.gen(function* () {
        const asked = steady()
        const shared = yield* time
        const doubt = (steady() - asked) / 2
        heard = asked
        return { zero: shared - asked - doubt, doubt }
      })
      let known = yield* compare
      let isOff = false
      const offsetMillis = () => Math.round(wall() - steady() - known.zero)

      const again = Effect.gen(function* () {
        const found = yield* compare
        if (found.doubt * 2 <= longestTripMillis) known = found
      })
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(again), Schedule.spaced(interval)))
      observe(
        "homing_clock_offset_seconds",
        "How far this clock is ahead of the database's.",
        () => offsetMillis() / 1e3
      )
      return {
        offsetMillis,
        isOff: () => {
          const certain = Math.abs(offsetMillis()) - known.doubt
          isOff = certain > (isOff ? toleranceMillis / 2 : toleranceMillis)
          return isOff
        },
        silentMillis: () => steady() - heard
      }
    })
  )
}
