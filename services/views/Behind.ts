import { Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { patiently } from "#domain/Patience.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { observe } from "../telemetry/Metrics.ts"
import { Views } from "./Views.ts"

/** How often it is looked how far the log has come. */
const pause = "5 seconds"

/** For whoever watches: how long ago the log held something that the rows do not show yet, whoever writes them. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const steady = yield* Clocks.steady
    const store = yield* EventStore
    const views = yield* Views
    let since: number | undefined
    observe("homing_views_behind_seconds", "How long rows have lacked what the log holds.", () =>
      since === undefined ? 0 : (steady() - since) / 1_000
    )
    const look = Effect.gen(function* () {
      const head = yield* Effect.retry(store.head, patiently)
      if (head !== undefined) {
        since = steady()
        yield* views.written(head)
        since = undefined
      }
      yield* Effect.sleep(pause)
    })
    yield* Effect.forkScoped(Effect.forever(look))
  })
)
