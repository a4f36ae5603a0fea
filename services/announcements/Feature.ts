import { Effect, Layer } from "effect"
import { EventBus } from "#domain/ports/EventBus.ts"
import type { Options } from "./Announcements.ts"

/** What happened, on the bus for other services; nothing of it is loaded where there is none that they could read. */
export const layer = (options: Options = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const bus = yield* EventBus
      if (bus === undefined) return Layer.effectDiscard(isInVain(options) ? tellInVain : Effect.void)
      const Announcer = yield* Effect.promise(() => import("./Announcer.ts"))
      return Announcer.layer(bus, options)
    })
  )

const isInVain = ({ personal, sealingKeys }: Options) => personal === "plain" || sealingKeys !== undefined

/** Whoever set it waits for events that nobody publishes. */
const tellInVain = Effect.logWarning(
  "what EVENTS_PERSONAL or EVENTS_SEALING_KEYS says is in vain: no events are published, as there is no NATS_URL or no room for them"
)
