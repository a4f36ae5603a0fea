import { Effect, Layer } from "effect"
import { type AppSettings, areThere } from "../meta/Apps.ts"
import type { Options } from "./TargetLane.ts"

/** What Meta told goes where routes lead; nothing of it is loaded where no app is configured. */
export const layer = (apps: AppSettings | undefined, options: Options = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (apps === undefined || !areThere(apps)) return Layer.empty
      const TargetLane = yield* Effect.promise(() => import("./TargetLane.ts"))
      return TargetLane.layer(options)
    })
  )
