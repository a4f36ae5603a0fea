import { Effect, Layer } from "effect"
import { EventBus } from "#domain/ports/EventBus.ts"
import type { Options } from "./Announcements.ts"

/** What happened, on the bus for other services; nothing of it is loaded where there is none that they could read. */
export const layer = (options: Options = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const bus = yield* EventBus
      if (bus === undefined) return Layer.empty
      const Announcer = yield* Effect.promise(() => import("./Announcer.ts"))
      return Announcer.layer(bus, options)
    })
  )
