import { Context, Effect } from "effect"
import { Deadline } from "#domain/ports/Deadline.ts"
import { after } from "#domain/Timer.ts"

/** How long any request may take, but for one to send, which says so itself. */
export const requestMillis = 10_000
/** Beyond what a request to send asked to wait: for the accepting, and for the answer. */
export const graceMillis = 2_000

/**
 * One deadline for all that is done for a request, handed down with its fiber: waits and retries underneath end by it
 * together, instead of one after the other. What is not known by then the caller has to ask again. Nobody waits for what
 * is late to end: an interrupted statement of a database that stands still takes its time.
 */
export const within =
  <B, E2>(millis: number, late: Effect.Effect<B, E2>) =>
  <A, E, R>(answer: Effect.Effect<A, E, R>): Effect.Effect<A | B, E | E2, R> =>
    Effect.flatMap(Effect.context<R>(), (context) =>
      Effect.callback((resume) => {
        const inTime = Context.add(context, Deadline, performance.now() + millis)
        const fiber = Effect.runForkWith(inTime)(answer)
        const timer = after(millis, () => {
          // first: what ends at once by the interruption would be the answer, as if the gateway were shutting down
          resume(Effect.andThen(Effect.logWarning("a request could not be answered in time"), late))
          fiber.interruptUnsafe()
        })
        fiber.addObserver((exit) => {
          timer.stop()
          resume(exit)
        })
        return Effect.sync(() => {
          timer.stop()
          fiber.interruptUnsafe()
        })
      })
    )
