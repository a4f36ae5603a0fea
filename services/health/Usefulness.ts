import { Context, Effect, Layer } from "effect"
import { notice } from "#domain/Notice.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Fitness, type Obstacle } from "../runtime/Fitness.ts"
import { type Need, Needs } from "../runtime/Needs.ts"
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
    /** Of what it could do without, what cannot be written to. */
    readonly warnings: Effect.Effect<ReadonlyArray<NonNullable<Need["warning"]>>>
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
      const needs = yield* Needs

      let trouble: Error | undefined
      const tried = <E extends Error>(question: Effect.Effect<boolean, E>) =>
        question.pipe(
          Effect.timeout(patience),
          Effect.match({
            onSuccess: (answer) => answer,
            onFailure: (error) => {
              trouble = error
              return false
            }
          })
        )
      const asked = <E extends Error>(question: Effect.Effect<boolean, E>) =>
        Effect.cachedWithTTL(tried(question), freshness)
      const reachable = yield* asked(Effect.as(store.head, true))
      const appendable = yield* asked(Effect.as(store.appendable, true))

      const isUnmet = ({ ready }: Need) => Effect.map(tried(Effect.as(ready, true)), (isReady) => !isReady)
      const unmet = yield* Effect.cachedWithTTL(
        Effect.suspend(() => Effect.filter(needs.all(), isUnmet, { concurrency: "unbounded" })),
        freshness
      )
      const lacks = Effect.map(unmet, (found) => found.some(({ warning }) => warning === undefined))
      const warnings = Effect.map(unmet, (found) => found.flatMap(({ warning }) => warning ?? []))

      const hindrance = Effect.gen(function* (): Effect.fn.Return<Hindrance | undefined> {
        if (!(yield* reachable) || !(yield* appendable)) return "store_unavailable"
        return obstacle() ?? unheard() ?? ((yield* lacks) ? "store_unavailable" : lag())
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

      return { hindrance, reachable, warnings, telling: Effect.forever(Effect.andThen(tell, Effect.sleep(freshness))) }
    })
  )
}
