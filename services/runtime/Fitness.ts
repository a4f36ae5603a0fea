import { Context, Effect, Schema } from "effect"

export const obstacles = [
  "clock_off",
  "store_unavailable",
  "bus_unavailable",
  "no_signing_key",
  "database_unavailable"
] as const
/** Why a gateway stands aside. */
export type Obstacle = (typeof obstacles)[number]

/** Nothing is signed by a clock that is off, or with a key that nobody takes. */
export class Unfit extends Schema.TaggedError<Unfit>()("Unfit", { obstacle: Schema.Literals(obstacles) }) {}

/**
 * Whether this gateway can do its part of what gateways share. One that cannot stands aside, for others to do it. Where
 * nobody judges, nothing stands in the way.
 */
export const Fitness = Context.Reference<{
  /** Why it stands aside, if it does. */
  readonly obstacle: () => Obstacle | undefined
  /** What it has not heard of yet, as at a start: it does not stand aside for that, and is of no use without it. */
  readonly unheard: () => Obstacle | undefined
  /** Does the work, which needs no database, whenever nothing else stands in its way, and breaks it off whenever that does. */
  readonly whileFit: <E, R>(work: Effect.Effect<unknown, E, R>) => Effect.Effect<never, E, R>
}>("homing/services/runtime/Fitness", {
  defaultValue: () => ({
    obstacle: () => undefined,
    unheard: () => undefined,
    whileFit: (work) => Effect.andThen(work, Effect.never)
  })
})
