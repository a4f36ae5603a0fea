import { Effect, type Stream, SubscriptionRef } from "effect"

/** A value that is looked at between effects, and whose changes are followed. */
export interface Watched<A> {
  readonly now: () => A
  readonly set: (value: A) => Effect.Effect<void>
  /** What it is now, and again after each change. */
  readonly changes: Stream.Stream<A>
}

export const make = <A>(first: A): Effect.Effect<Watched<A>> =>
  Effect.map(SubscriptionRef.make(first), (ref) => ({
    now: () => SubscriptionRef.getUnsafe(ref),
    set: (value) => SubscriptionRef.set(ref, value),
    changes: SubscriptionRef.changes(ref)
  }))
