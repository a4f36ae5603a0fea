import { Clock, Context, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { heartbeatsSince, SpokenVersions } from "#domain/wire/Versions.ts"
import { Trust } from "./Trust.ts"

/** A wall clock that leaves the steady one by more was set, or the machine slept. */
const jumpMillis = 2_000
/** Looked at every second; whoever did not look for this long was asleep. */
const sleepMillis = 15_000
/** An answer that was under way for longer says too little about now. */
const longestTripMillis = 10_000
const mostQuestions = 16
/** From here on an operator is told that the machine's clock is wrong. */
const skewMillis = 30_000

/**
 * What time it is at the gateway, whose clock decides when a message expires. Unknown after a start, after sleep and after
 * the machine's clock was set, until the gateway has answered; nothing is attempted meanwhile.
 */
export class GatewayClock extends Context.Service<
  GatewayClock,
  {
    /** This machine's clock, corrected by what the gateway answered last. */
    readonly clock: Clock.Clock
    /** Looks at the machine's clocks first: what they show may make it unknown again. */
    readonly isSet: () => boolean
    /** How far the machine is behind the gateway; before an answer, `undefined`. */
    readonly offsetMillis: () => number | undefined
    /** For how long it has not answered; for ever, if it never did. */
    readonly silentMillis: () => number
    /** A question leaves under this name. */
    readonly asked: (question: string) => void
    /** What the gateway's clock showed when it answered. Too late or never asked, it sets nothing. */
    readonly answered: (question: string, gatewayMillis: number) => Effect.Effect<void>
    /** The gateway turns out to speak version 1: there will be no answer, and the machine's own clock has to do. */
    readonly waive: Effect.Effect<void>
    /** Tells whenever the time becomes known or unknown. */
    readonly listen: (listener: (isSet: boolean) => void) => void
  }
>()("homing/mac-agent/link/GatewayClock") {}

/**
 * How far the gateway is ahead of this machine, between `least` and as much more as the trip took. What was believed is
 * kept while it may be so: a long trip says little, and a clock that is right stays so. Else as long there as back.
 */
const fitting = (believed: number, least: number, tripMillis: number): number =>
  believed >= least - 1 && believed <= least + tripMillis + 1 ? believed : Math.round(least + tripMillis / 2)

export const layer = Layer.effect(
  GatewayClock,
  Effect.gen(function* () {
    const own = yield* Clock.Clock
    const trust = yield* Trust
    const { newest } = yield* SpokenVersions
    const steadyMillis = Clocks.steadyOf(own)
    const wallMillis = Clocks.wallOf(own)
    const listeners: Array<(isSet: boolean) => void> = []
    const questions = new Map<string, number>()

    let needed = Math.min(newest, trust.protocol) >= heartbeatsSince
    let set = !needed
    let offset: number | undefined
    let answeredAt = Number.NEGATIVE_INFINITY
    let wall = wallMillis()
    let steady = steadyMillis()
    let skewed = false

    const turn = (to: boolean) => {
      if (set === to) return
      set = to
      for (const listener of listeners) listener(to)
    }

    const look = () => {
      const [wallBefore, steadyBefore] = [wall, steady]
      wall = wallMillis()
      steady = steadyMillis()
      const passed = steady - steadyBefore
      if (Math.abs(wall - wallBefore - passed) <= jumpMillis && passed <= sleepMillis) return
      questions.clear() // their answers speak of the time before
      if (needed) turn(false)
    }

    return {
      clock: Clocks.ahead(own, () => offset ?? 0),
      isSet: () => {
        look()
        return set
      },
      offsetMillis: () => offset,
      silentMillis: () => steadyMillis() - answeredAt,
      asked: (question) => {
        look()
        questions.set(question, steady)
        if (questions.size > mostQuestions) questions.delete(questions.keys().next().value!)
      },
      answered: Effect.fnUntraced(function* (question, gatewayMillis) {
        look()
        const asked = questions.get(question)
        questions.delete(question)
        if (asked === undefined || steady - asked > longestTripMillis) return
        answeredAt = steady
        offset = fitting(offset ?? 0, gatewayMillis - wall, steady - asked)
        needed = true
        turn(true)
        const isSkewed = Math.abs(offset) > skewMillis
        if (isSkewed && !skewed)
          yield* Effect.logWarning("this machine's clock is off; the gateway's is used", { offsetMillis: offset })
        if (skewed && !isSkewed) yield* Effect.logInfo("this machine's clock is right again", { offsetMillis: offset })
        skewed = isSkewed
      }),
      waive: Effect.sync(() => {
        needed = false
        turn(true)
      }),
      listen: (listener) => void listeners.push(listener)
    }
  })
)

/** The agent's time is the gateway's, wherever it is asked for. */
export const corrected = Layer.effect(
  Clock.Clock,
  Effect.map(GatewayClock, ({ clock }) => clock)
)
