import { Context, Effect } from "effect"

/**
 * When whoever waits for an effect will have gone, in milliseconds of `performance.now()`: nothing is begun for him after
 * that, and no wait or retry in whatever port goes beyond it. One for a whole request, handed down with the fiber.
 */
export const Deadline = Context.Reference<number>("homing/domain/ports/Deadline", {
  defaultValue: () => Number.POSITIVE_INFINITY
})

/** How long there is still to wait; 0 when the deadline has passed. */
export const remainingMillis: Effect.Effect<number> = Effect.map(Deadline, (deadline) =>
  Math.max(0, deadline - performance.now())
)
