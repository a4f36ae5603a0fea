import { Deferred, Effect } from "effect"

/** How far something has followed the log, and who waits for it. */
export const make = (begin: bigint | undefined) => {
  let position = begin
  const waiting = new Set<{ readonly until: bigint; readonly done: Deferred.Deferred<void> }>()
  return {
    position: Effect.sync(() => position),

    advance: (to: bigint) =>
      Effect.suspend(() => {
        if (position !== undefined && to <= position) return Effect.void
        position = to
        const over = [...waiting].filter(({ until }) => until <= to)
        for (const one of over) waiting.delete(one)
        return Effect.forEach(over, ({ done }) => Deferred.succeed(done, undefined), { discard: true })
      }),

    reached: (until: bigint) =>
      Effect.suspend(() => {
        if (position !== undefined && position >= until) return Effect.void
        const one = { until, done: Deferred.makeUnsafe<void>() }
        waiting.add(one)
        return Effect.ensuring(
          Deferred.await(one.done),
          Effect.sync(() => waiting.delete(one))
        )
      })
  }
}

/** Where the one furthest behind stands. */
export const lowest = (positions: ReadonlyArray<bigint | undefined>): bigint | undefined => {
  if (positions.includes(undefined)) return undefined
  return (positions as ReadonlyArray<bigint>).reduce((a, b) => (b < a ? b : a))
}
