import { Array, Clock, Context, Effect, FiberSet, Layer, Metric, Schedule } from "effect"
import { base64url, utf8 } from "#domain/Bytes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import type { DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { chatOf, gistOf } from "#domain/inbound/Gist.ts"
import type { Heard } from "#domain/inbound/Heard.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type HeardFact, type HeardPlace, Ledger, type Lane as Name } from "#domain/ports/Ledger.ts"
import type { SessionEvent } from "#domain/ports/WhatsApp.ts"
import { hearingSince } from "#domain/wire/Versions.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Dialect } from "../link/Dialect.ts"
import { Reporter } from "../link/Reporter.ts"
import * as Lane from "./Lane.ts"

type Told = Extract<SessionEvent, { readonly _tag: "Heard" }>

/** So many chats are told at a time. History leaves the more room to what is said now, the more of it there is. */
const mostUnderWay: Readonly<Record<Name, number>> = { live: 256, history: 64 }

const forgotten = Metric.counter("homing_facts_forgotten_total", {
  description: "Facts that had no room in the agent's ledger, and that the gateway never had."
})

/**
 * What devices hear, on its way to the gateway. WhatsApp is told that it arrived when the ledger has it; the ledger keeps it
 * until the gateway does. Of one chat one at a time leaves, so that the log has them in the order in which they were heard,
 * whatever is lost in between. What was before a device was linked goes beside that, in a lane of its own.
 */
export class Hearing extends Context.Service<
  Hearing,
  {
    /** Takes it at once, in the order of the calls; WhatsApp hears of it when it is durable. */
    readonly hear: (told: Told) => void
    /** The gateway holds these, or never will. */
    readonly acknowledged: (ids: ReadonlyArray<EventId>) => Effect.Effect<void>
  }
>()("homing/mac-agent/hearing/Hearing") {}

/** What WhatsApp offers once more has the same id, also where it is encoded in another way. */
const idOf = (crypto: Crypto["Service"], device: DeviceId, heard: Heard): EventId => {
  const { chat, content, fromMe, sender, waMessageId } = heard
  const said = utf8(JSON.stringify([waMessageId, fromMe, chatOf(chat), sender, gistOf(content)]))
  return reportIdOf(crypto, device, 1, `heard ${base64url(crypto.sha256(said))}`)
}

export const layer = Layer.effect(
  Hearing,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const dialect = yield* Dialect
    const { facts } = yield* Ledger
    const patience = yield* LedgerPatience
    const reporter = yield* Reporter
    const wall = yield* Clocks.wall
    const run = yield* FiberSet.makeRuntime<never>()

    let isWaiting = false

    const isTaken = () => dialect.version() >= hearingSince

    const tell = Effect.fnUntraced(function* (place: HeardPlace, returned: (name: string) => void, name?: string) {
      const fact = yield* patience.surely(facts.read(place.place))
      if (fact === "damaged") yield* tellDamaged(place.place)
      if (fact === undefined || fact === "damaged") return false
      reporter.tell(fact, returned, name)
      return true
    })
    const laneOf = (name: Name) =>
      Lane.make({
        mostUnderWay: mostUnderWay[name],
        isTaken,
        wall,
        waiting: (limit, after) => patience.surely(facts.waiting(name, limit, after)),
        tell
      })
    const lanes = { live: yield* laneOf("live"), history: yield* laneOf("history") }
    const both = [lanes.live, lanes.history]

    let ready: globalThis.Array<Told> = []
    let isKeeping = false

    const keepAll = Effect.fnUntraced(function* (told: Array.NonEmptyReadonlyArray<Told>) {
      const at = fromMillis(yield* Clock.currentTimeMillis)
      const kept = Array.map(
        told,
        ({ device, heard }): HeardFact => ({ id: idOf(crypto, device, heard), device, at, heard })
      )
      const { forgotten: gone, places } = yield* patience.surely(facts.keep(kept))
      for (const { taken } of told) yield* taken
      for (const lane of both) lane.forget(gone)
      if (gone.length > 0) yield* tellForgotten(gone.length)
      lanes.live.kept(places.filter(({ lane }) => lane === "live"))
      lanes.history.kept(places.filter(({ lane }) => lane === "history"))
    })

    /** What cannot be kept is not taken: WhatsApp has it still, and offers it again. All else that came with it is. */
    const keepEach = (told: Array.NonEmptyReadonlyArray<Told>): Effect.Effect<void> =>
      Effect.catchDefect(keepAll(told), (defect) =>
        told.length === 1
          ? Effect.andThen(
              Effect.logError("what a device heard cannot be kept; WhatsApp offers it again", defect),
              told[0].refused
            )
          : Effect.forEach(told, (one) => keepEach([one]), { discard: true })
      )

    const keep: Effect.Effect<void> = Effect.gen(function* () {
      while (Array.isArrayNonEmpty(ready)) {
        const told = ready
        ready = []
        yield* keepEach(told)
      }
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          isKeeping = false
          if (ready.length > 0) begin() // what came since the last look
        })
      )
    )
    const begin = () => {
      if (isKeeping) return
      isKeeping = true
      run(keep)
    }

    const repeat = Effect.gen(function* () {
      for (const lane of both) yield* lane.readOn
      const isIdle = both.every((lane) => lane.isEmpty())
      if (!isTaken()) {
        if (!isIdle && !isWaiting)
          yield* Effect.logWarning("what devices hear waits: the gateway is of a release that does not take it")
        isWaiting = !isIdle
        return
      }
      isWaiting = false
      for (const lane of both) yield* lane.repeat
    })
    yield* Effect.forkScoped(Effect.repeat(repeat, Schedule.spaced("5 seconds")))

    return {
      hear: (told) => {
        ready.push(told)
        begin()
      },
      acknowledged: (ids) => {
        const own = both.flatMap((lane) => lane.forget(ids))
        if (own.length === 0) return Effect.void
        for (const lane of both) {
          lane.begin()
          if (lane.hasMore()) run(lane.readOn)
        }
        return facts.acknowledged(own)
      }
    }
  })
)

const tellDamaged = (place: number) =>
  Effect.logError("what a device heard is not what the ledger has; it is not told", { place })

const tellForgotten = (count: number) =>
  Effect.andThen(
    Metric.update(forgotten, count),
    Effect.logError(
      "the ledger has no room: the oldest that devices heard is forgotten, and the gateway never had it",
      { count }
    )
  )
