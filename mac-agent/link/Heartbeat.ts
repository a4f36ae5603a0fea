import { Clock, Context, Effect, Layer, Schedule } from "effect"
import { uuidV7 } from "#domain/Identifiers.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { heartbeatsSince, SpokenVersions } from "#domain/wire/Versions.ts"
import { GatewayClock } from "./GatewayClock.ts"
import { Refusals } from "./Refusals.ts"
import { Reporter } from "./Reporter.ts"
import { Trust } from "./Trust.ts"

const everyMillis = 30_000
const firstRetryMillis = 1_000
/** Without an answer for so long, somebody should know. */
const patienceMillis = 30_000

/** Asks the gateway for its time, and so tells it that the agent is there: at once when the time is unknown, and from time to time. */
export class Heartbeat extends Context.Service<
  Heartbeat,
  {
    /** Tells the gateway at once how the agent is: what it pinned has changed. */
    readonly now: Effect.Effect<void>
    /** A command of version 1 was verified: does the gateway speak no other? It has had its time to answer. */
    readonly heardVersion1: Effect.Effect<void>
  }
>()("homing/mac-agent/link/Heartbeat") {}

export const layer = Layer.effect(
  Heartbeat,
  Effect.gen(function* () {
    const clock = yield* GatewayClock
    const crypto = yield* Crypto
    const refusals = yield* Refusals
    const reporter = yield* Reporter
    const trust = yield* Trust
    const { newest } = yield* SpokenVersions
    const steady = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

    let lastAsked = Number.NEGATIVE_INFINITY
    /** Since when the time is unknown, and how often that was asked about; `undefined` while it is known. */
    let unknown: { readonly since: number; times: number; isWarned: boolean } | undefined

    const ask = Effect.fnUntraced(function* () {
      const millis = yield* Clock.currentTimeMillis
      const question = uuidV7(crypto, millis)
      const offset = clock.offsetMillis()
      clock.asked(question)
      reporter.ask(question, {
        kind: "heartbeat",
        at: fromMillis(millis),
        protocol: newest,
        revision: trust.revision(),
        refused: refusals.total(),
        ...(offset !== undefined && { offsetMillis: offset })
      })
    })

    const beat = Effect.gen(function* () {
      const now = yield* steady
      if (clock.isSet()) unknown = undefined
      else unknown ??= { since: now, times: 0, isWarned: false }
      const wait = unknown ? Math.min(firstRetryMillis * 2 ** (unknown.times - 1), everyMillis) : everyMillis
      if (unknown?.times !== 0 && now - lastAsked < wait) return
      lastAsked = now
      if (unknown) unknown.times++
      yield* ask()
      if (unknown === undefined || unknown.isWarned || now - unknown.since < patienceMillis) return
      unknown.isWarned = true
      yield* Effect.logWarning("the gateway does not tell its time; nothing is sent until it does")
    })
    if (newest >= heartbeatsSince) yield* Effect.forkScoped(Effect.repeat(beat, Schedule.spaced("1 second")))

    return {
      now: Effect.suspend(ask),
      heardVersion1: Effect.gen(function* () {
        if (unknown === undefined || (yield* steady) - unknown.since < patienceMillis) return
        unknown = undefined
        yield* Effect.logWarning(
          "the gateway speaks version 1 of the protocol: this machine's own clock decides expiry"
        )
        yield* clock.waive
      })
    }
  })
)
