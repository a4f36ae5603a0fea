import { Effect, Layer } from "effect"
import { type AppSettings, areThere } from "../meta/Apps.ts"
import { RoutesRegistry } from "../routes/RoutesRegistry.ts"
import type { Options } from "./TargetLane.ts"

const lookMillis = 1_000

/**
 * What is heard goes where routes lead. Nothing of it is loaded where no app of Meta is configured, before somebody adds the
 * first target: then the bytes of Meta's requests wait for it.
 */
export const layer = (apps: AppSettings | undefined, options: Options = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const registry = yield* RoutesRegistry
      const load = Effect.gen(function* () {
        const TargetLane = yield* Effect.promise(() => import("./TargetLane.ts"))
        yield* Layer.build(TargetLane.layer(options))
      })
      if (apps !== undefined && areThere(apps)) return yield* load
      const isWanted = Effect.sync(() => registry.size > 0)
      const waiting = Effect.repeat(Effect.delay(isWanted, lookMillis), { until: (is) => is })
      yield* Effect.forkScoped(Effect.andThen(waiting, load))
    })
  )
