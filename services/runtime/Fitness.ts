import { Clock, Context, Effect, Layer, Schedule, Schema, Stream, SubscriptionRef } from "effect"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { StoreIdentity } from "../identity/LogIdentity.ts"
import { observe } from "../telemetry/Metrics.ts"
import { Freshness } from "./Freshness.ts"
import { SharedClock } from "./SharedClock.ts"

export const obstacles = [
  "clock_off",
  "store_unavailable",
  "bus_unavailable",
  "no_signing_key",
  "database_unavailable"
] as const
/** Why a gateway stands aside. */
export type Obstacle = (typeof obstacles)[number]

/** Without a word of the log, the bus or the database for so long a gateway stands aside. */
const patienceMillis = 5_000
/** It takes part again when words have come for `steadyMillis`, none of them later than this: one alone is not enough. */
const punctualMillis = 2_500
const steadyMillis = 3_000
const lookMillis = 250
const probe = { interval: "1 second", pause: "500 millis", timeout: patienceMillis } as const

/** Nothing is signed by a clock that is off, or with a key that nobody takes. */
export class Unfit extends Schema.TaggedError<Unfit>()("Unfit", { obstacle: Schema.Literals(obstacles) }) {}

/**
 * Whether this gateway can do its part of what gateways share. One that cannot stands aside, for others to do it. Where
 * nobody judges, nothing stands in the way.
 */
export const Fitness = Context.Reference<{
  /** Why it stands aside, if it does. */
  readonly obstacle: () => Obstacle | undefined
  /** Does the work, which needs no database, whenever nothing else stands in its way, and breaks it off whenever that does. */
  readonly whileFit: <E, R>(work: Effect.Effect<unknown, E, R>) => Effect.Effect<never, E, R>
}>("homing/services/runtime/Fitness", {
  defaultValue: () => ({ obstacle: () => undefined, whileFit: (work) => Effect.andThen(work, Effect.never) })
})

/** Steady milliseconds since the bus answered last, or since it was first asked. */
const busSilence = Effect.gen(function* () {
  const bus = yield* CommandBus
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  let heard = now()
  const ask = Effect.suspend(() => {
    const asked = now()
    return Effect.map(Effect.timeout(bus.answer, probe.timeout), () => {
      heard = asked
    })
  })
  yield* ask.pipe(
    Effect.matchEffect({ onFailure: () => Effect.sleep(probe.pause), onSuccess: () => Effect.sleep(probe.interval) }),
    Effect.forever,
    Effect.forkScoped({ startImmediately: true })
  )
  return () => now() - heard
})

export const layer = Layer.effect(
  Fitness,
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const freshness = yield* Freshness
    const identity = yield* StoreIdentity
    const shared = yield* SharedClock
    const busSilentMillis = yield* busSilence
    const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

    const judge = (patience: number): Obstacle | undefined => {
      if (shared.isOff()) return "clock_off"
      if (freshness.silentMillis() > patience) return "store_unavailable"
      if (busSilentMillis() > patience) return "bus_unavailable"
      if (!identity.signs()) return "no_signing_key"
      return shared.silentMillis() > patience ? "database_unavailable" : undefined
    }

    let aside: { readonly obstacle: Obstacle; readonly since: number } | undefined
    const obstacle = () => {
      const found = judge(aside === undefined ? patienceMillis : punctualMillis)
      if (found !== undefined) aside = { obstacle: found, since: now() }
      else if (aside !== undefined && now() - aside.since > steadyMillis) aside = undefined
      return aside?.obstacle
    }
    observe("homing_stands_aside", "1 while this gateway leaves its part to others.", () =>
      Number(obstacle() !== undefined)
    )

    const told = yield* SubscriptionRef.make<Obstacle | undefined>(undefined)
    const tell = (found: Obstacle | undefined) =>
      found === undefined
        ? Effect.logInfo("this gateway takes part again")
        : Effect.logError("this gateway stands aside: others do its part", {
            reason: found,
            ...(found === "clock_off" && { offsetMillis: shared.offsetMillis() })
          })
    const look = Effect.suspend(() => {
      const found = obstacle()
      if (found === SubscriptionRef.getUnsafe(told)) return Effect.void
      return Effect.andThen(tell(found), SubscriptionRef.set(told, found))
    })
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(lookMillis)), { startImmediately: true })

    const isFit = (found: Obstacle | undefined) => found === undefined || found === "database_unavailable"
    const becomes = (fit: boolean) =>
      Stream.runDrain(Stream.takeUntil(SubscriptionRef.changes(told), (found) => isFit(found) === fit))
    return {
      obstacle,
      whileFit: (work) => becomes(true).pipe(Effect.andThen(Effect.raceFirst(work, becomes(false))), Effect.forever)
    }
  })
)
