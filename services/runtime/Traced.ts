import { Effect, Exit } from "effect"
import type { Attributes, OpenSpan } from "#domain/ports/Tracing.ts"

/** Ends the span with the work, if there is one: failed, if that is. */
export const ended = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  span: OpenSpan | undefined,
  attributes: Attributes
): Effect.Effect<A, E, R> =>
  span === undefined
    ? work
    : Effect.onExit(work, (exit) => Effect.sync(() => span.end(attributes, Exit.isFailure(exit))))
