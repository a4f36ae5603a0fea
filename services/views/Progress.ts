import { Effect, Exit } from "effect"
import { Later } from "#domain/Later.ts"

/** How far something has followed the log, and who waits for it. */
export const make = (begin: bigint | undefined) => {
  let position = begin
  const waiting = new Set<{ readonly until: bigint; readonly done: Later<void> }>()
  return {
    position: Effect.sync(() => position),

    advance: (to: bigint) =>
      Effect.suspend(() => {
        if (position !== undefined && to <= position) return Effect.void
        position = to
        const over = [...waiting].filter(({ until }) => until <= to)
        for (const one of over) waiting.delete(one)
        for (const { done } of over) done.tell(Exit.void)
        return Effect.void
      }),

    reached: (until: bigint) =>
      Effect.suspend(() => {
        if (position !== undefined && position >= until) return Effect.void
        const one = { until, done: new Later<void>() }
        waiting.add(one)
        return Effect.ensuring(
          one.done.told,
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
