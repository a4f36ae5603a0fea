import { Effect } from "effect"

/** Calls `end` when the work is over, however it ended. A plain step: no effect is made for it, as there is one per message. */
export const afterwards = <A, E, R>(work: Effect.Effect<A, E, R>, end: () => void): Effect.Effect<A, E, R> =>
  Effect.onExitPrimitive(work, () => {
    end()
    return undefined
  })
