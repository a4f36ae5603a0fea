import { Effect, Queue, Stream } from "effect"

/** What callbacks bring, until it is taken: in order, and however much it is. */
export interface Inflow<A> {
  readonly put: (one: A) => void
  readonly putAll: (some: ReadonlyArray<A>) => void
  /** The next one. */
  readonly take: Effect.Effect<A>
  /** In arrays of what is there. */
  readonly stream: Stream.Stream<A>
}

export const make = <A>(): Effect.Effect<Inflow<A>> =>
  Effect.map(Queue.unbounded<A>(), (queue) => ({
    put: (one) => void Queue.offerUnsafe(queue, one),
    putAll: (some) => void Queue.offerAllUnsafe(queue, some),
    take: Queue.take(queue),
    stream: Stream.fromQueue(queue)
  }))
