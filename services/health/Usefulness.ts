import { Context, Effect, Layer } from "effect"
import { notice } from "#domain/Notice.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Fitness, type Obstacle } from "../runtime/Fitness.ts"
import { type Lag, Readiness } from "../views/Readiness.ts"

/** Asked for by whoever comes along, so asked of the store at most once in this time. */
const freshness = "1 second"
const patience = "2 seconds"

/** Why a send would not be taken. */
export type Hindrance = Obstacle | Lag

/** Whether this gateway is of use: what a send would meet now. */
export class Usefulness extends Context.Service<
  Usefulness,
  {
    readonly hindrance: Effect.Effect<Hindrance | undefined>
    /** The store can be read from. */
    readonly reachable: Effect.Effect<boolean>
    /** Tells terminal and log whenever it becomes of use, or is so no more. */
    readonly telling: Effect.Effect<never>
  }
>()("homing/services/health/Usefulness") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const store = yield* EventStore
      const { lag } = yield* Readiness
      const { obstacle, unheard } = yield* Fitness

      let trouble: Error | undefined
      const asked = <E extends Error>(question: Effect.Effect<boolean, E>) =>
        question.pipe(
          Effect.timeout(patience),
          Effect.match({
            onSuccess: (answer) => answer,
            onFailure: (error) => {
              trouble = error
              return false
            }
          }),
          Effect.cachedWithTTL(freshness)
        )
      const reachable = yield* asked(Effect.as(store.head, true))
      const appendable = yield* asked(Effect.as(store.appendable, true))

      const hindrance = Effect.gen(function* (): Effect.fn.Return<Hindrance | undefined> {
        if (!(yield* reachable) || !(yield* appendable)) return "store_unavailable"
        return obstacle() ?? unheard() ?? lag()
      })

      let told: Hindrance | undefined = "starting"
      const tell = Effect.gen(function* () {
        const found = yield* hindrance
        if (found === told) return
        told = found
        const why = found === "store_unavailable" && trouble !== undefined ? [trouble] : []
        yield* notice(
          found === undefined ? Effect.logInfo("ready") : Effect.logWarning("not ready", { reason: found }, ...why)
        )
        trouble = undefined
      })

      return { hindrance, reachable, telling: Effect.forever(Effect.andThen(tell, Effect.sleep(freshness))) }
    })
  )
}
