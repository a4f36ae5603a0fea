import { Context, Effect, Layer, Schedule } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Views } from "./View.ts"

/** Whether the views have come as far as the log was when this process started. Before, they may show the past. */
export class Readiness extends Context.Service<
  Readiness,
  {
    /** What this process keeps in memory has. */
    readonly caughtUp: () => boolean
    /** The rows have, whoever writes them: they may have to be made anew. */
    readonly written: () => boolean
  }
>()("homing/services/projections/Readiness") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const store = yield* EventStore
      const views = yield* Views
      let caughtUp = false
      let written = false
      const catchUp = Effect.gen(function* () {
        const head = yield* Effect.retry(store.head, Schedule.spaced("1 second"))
        if (head !== undefined) yield* views.reached(head)
        caughtUp = true
        if (head !== undefined) yield* views.written(head)
        written = true
      })
      yield* Effect.forkScoped(catchUp, { startImmediately: true })
      return { caughtUp: () => caughtUp, written: () => written }
    })
  )
}
