import { Effect, Layer, Schedule, Stream } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { Identity } from "../identity/Identity.ts"
import { Fitness, type Obstacle } from "../runtime/Fitness.ts"
import { Freshness } from "../runtime/Freshness.ts"
import { SharedClock } from "../runtime/SharedClock.ts"
import * as Watched from "../runtime/Watched.ts"
import { observe } from "../telemetry/Metrics.ts"

/** Without a word of the log, the bus or the database for so long a gateway stands aside. */
const patienceMillis = 5_000
/** It takes part again when words have come for `steadyMillis`, none of them later than this: one alone is not enough. */
const punctualMillis = 2_500
const steadyMillis = 3_000
const lookMillis = 250
const probe = { interval: "1 second", pause: "500 millis", timeout: patienceMillis } as const

/** When the bus answered last. */
const busWords = Effect.gen(function* () {
  const bus = yield* CommandBus
  const now = yield* Clocks.steady
  let heard = now()
  let wasHeard = false
  const ask = Effect.suspend(() => {
    const asked = now()
    return Effect.map(Effect.timeout(bus.answer, probe.timeout), () => {
      heard = asked
      wasHeard = true
    })
  })
  yield* ask.pipe(
    Effect.matchEffect({ onFailure: () => Effect.sleep(probe.pause), onSuccess: () => Effect.sleep(probe.interval) }),
    Effect.forever,
    Effect.forkScoped({ startImmediately: true })
  )
  return {
    /** Steady milliseconds since then; before it, since it was first asked. */
    silentMillis: () => now() - heard,
    wasHeard: () => wasHeard
  }
})

/** Judges this gateway by what its work needs: the log, the bus, the database, a key that is taken, the clock. */
export const layer = Layer.effect(
  Fitness,
  Effect.gen(function* () {
    const freshness = yield* Freshness
    const identity = yield* Identity
    const shared = yield* SharedClock
    const bus = yield* busWords
    const now = yield* Clocks.steady

    const judge = (patience: number): Obstacle | undefined => {
      if (shared.isOff()) return "clock_off"
      if (freshness.silentMillis() > patience) return "store_unavailable"
      if (bus.silentMillis() > patience) return "bus_unavailable"
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

    const told = yield* Watched.make<Obstacle | undefined>(undefined)
    const tell = (found: Obstacle | undefined) =>
      found === undefined
        ? Effect.logInfo("this gateway takes part again")
        : Effect.logError("this gateway stands aside: others do its part", {
            reason: found,
            ...(found === "clock_off" && { offsetMillis: shared.offsetMillis() })
          })
    const look = Effect.suspend(() => {
      const found = obstacle()
      if (found === told.now()) return Effect.void
      return Effect.andThen(tell(found), told.set(found))
    })
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(lookMillis)), { startImmediately: true })

    const isFit = (found: Obstacle | undefined) => found === undefined || found === "database_unavailable"
    const becomes = (fit: boolean) => Stream.runDrain(Stream.takeUntil(told.changes, (found) => isFit(found) === fit))
    return {
      obstacle,
      unheard: () => (bus.wasHeard() ? undefined : "bus_unavailable"),
      whileFit: (work) => becomes(true).pipe(Effect.andThen(Effect.raceFirst(work, becomes(false))), Effect.forever)
    }
  })
)
