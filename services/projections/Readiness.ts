import { Context, Effect, Layer, Schedule } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Views } from "./View.ts"

/** Whether the views have come as far as the log was when this process started. Before, they may show the past. */
export class Readiness extends Context.Service<Readiness, { readonly caughtUp: () => boolean }>()(
  "homing/services/projections/Readiness"
) {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const store = yield* EventStore
      const views = yield* Views
      let caughtUp = false
      const catchUp = store.head.pipe(
        Effect.retry(Schedule.spaced("1 second")),
        Effect.flatMap((head) => (head === undefined ? Effect.void : views.reached(head))),
        Effect.andThen(
          Effect.sync(() => {
            caughtUp = true
          })
        )
      )
      yield* Effect.forkScoped(catchUp, { startImmediately: true })
      return { caughtUp: () => caughtUp }
    })
  )
}
