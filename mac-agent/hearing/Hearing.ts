import { Array, Clock, Context, Effect, FiberSet, Layer, Metric, Schedule } from "effect"
import { base64url, utf8 } from "#domain/Bytes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import type { DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { gistOf } from "#domain/inbound/Gist.ts"
import type { Heard } from "#domain/inbound/Heard.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type HeardFact, type HeardPlace, Ledger } from "#domain/ports/Ledger.ts"
import type { SessionEvent } from "#domain/ports/WhatsApp.ts"
import { hearingSince } from "#domain/wire/Versions.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Dialect } from "../link/Dialect.ts"
import { Reporter } from "../link/Reporter.ts"

type Told = Extract<SessionEvent, { readonly _tag: "Heard" }>

/** What the gateway has not acknowledged is told again after this, and twice as long after each time. */
const againAfterMillis = 15_000
const longestMillis = 10 * 60_000
/** So many are on their way at a time, each of another chat. */
const mostUnderWay = 256
/** So many are known by name; those behind them are read when there is room. */
const mostKnown = 4_096

const forgotten = Metric.counter("homing_facts_forgotten_total", {
  description: "Facts that had no room in the agent's ledger, and that the gateway never had."
})

/** A fact at the head of its chat. */
interface Head extends HeardPlace {
  readonly at: number
  readonly times: number
}

/**
 * What devices hear, on its way to the gateway. WhatsApp is told that it arrived when the ledger has it; the ledger keeps it
 * until the gateway does. Of one chat one at a time leaves, so that the log has them in the order in which they were heard,
 * whatever is lost in between.
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
  const said = utf8(JSON.stringify([waMessageId, fromMe, chat, sender, gistOf(content)]))
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

    /** Of each chat what waits, in order; the first of them is the one that leaves. */
    const chats = new Map<string, globalThis.Array<HeardPlace>>()
    const known = new Map<EventId, HeardPlace>()
    const heads = new Map<EventId, Head>()
    /** Of which nothing is under way. */
    const idle = new Set<string>()
    /** The last place that the ledger has given out in this life. */
    let latest = -1
    /** Behind which place the ledger has more than is known here; `undefined` when it has no more. */
    let unread: number | undefined = -1
    let isWaiting = false

    const isTaken = () => dialect.version() >= hearingSince

    const leave = Effect.fnUntraced(function* (place: HeardPlace, times: number) {
      heads.set(place.id, { ...place, at: wall(), times })
      const fact = yield* patience.surely(facts.read(place.place))
      const returned = () => {
        if (heads.has(place.id)) heads.set(place.id, { ...place, at: Number.NEGATIVE_INFINITY, times: times - 1 })
      }
      if (fact !== undefined && fact !== "damaged") return reporter.tell(fact, times, returned)
      if (fact === "damaged") yield* tellDamaged(place.place)
      forget(place.id)
      begin()
    })

    /** Begins with chats of which nothing is under way, as far as there is room. */
    const begin = () => {
      if (!isTaken()) return
      for (const chat of idle) {
        if (heads.size >= mostUnderWay) return
        idle.delete(chat)
        run(leave(chats.get(chat)![0]!, 1))
      }
    }

    const learn = (place: HeardPlace) => {
      if (known.has(place.id)) return
      known.set(place.id, place)
      const chat = chats.get(place.chat)
      if (chat !== undefined) return void chat.push(place)
      chats.set(place.chat, [place])
      idle.add(place.chat)
    }

    const forget = (id: EventId) => {
      const place = known.get(id)
      if (place === undefined) return
      const left = chats.get(place.chat)!.filter((other) => other.id !== id)
      known.delete(id)
      if (left.length === 0) chats.delete(place.chat)
      else chats.set(place.chat, left)
      if (left.length === 0) idle.delete(place.chat)
      else if (heads.has(id)) idle.add(place.chat)
      heads.delete(id)
    }

    /** From the ledger, what there is room for. */
    const readOn = Effect.gen(function* () {
      while (unread !== undefined && known.size < mostKnown) {
        const page: ReadonlyArray<HeardPlace> = yield* patience.surely(facts.waiting(mostKnown, unread))
        for (const place of page) learn(place)
        const last: number = page.at(-1)?.place ?? unread
        unread = page.length < mostKnown && last >= latest ? undefined : last
      }
      begin()
    })

    let ready: globalThis.Array<Told> = []
    let isKeeping = false

    const keep = Effect.gen(function* () {
      while (Array.isArrayNonEmpty(ready)) {
        const told = ready
        ready = []
        const at = fromMillis(yield* Clock.currentTimeMillis)
        const kept = Array.map(
          told,
          ({ device, heard }): HeardFact => ({ id: idOf(crypto, device, heard), device, at, heard })
        )
        const { forgotten: gone, places } = yield* patience.surely(facts.keep(kept))
        for (const { taken } of told) yield* taken
        for (const id of gone) forget(id)
        if (gone.length > 0) yield* tellForgotten(gone.length)
        if (places.length === 0) continue
        if (unread === undefined && known.size < mostKnown) for (const place of places) learn(place)
        else unread ??= places[0]!.place - 1
        latest = places.at(-1)!.place
        begin()
      }
      isKeeping = false
    })

    const repeat = Effect.gen(function* () {
      yield* readOn
      if (!isTaken()) {
        if (known.size > 0 && !isWaiting)
          yield* Effect.logWarning("what devices hear waits: the gateway is of a release that does not take it")
        isWaiting = known.size > 0
        return
      }
      isWaiting = false
      const now = wall()
      for (const head of [...heads.values()]) {
        if (now - head.at <= Math.min(againAfterMillis * 2 ** (head.times - 1), longestMillis)) continue
        yield* leave(head, head.times + 1)
      }
    })
    yield* Effect.forkScoped(Effect.repeat(repeat, Schedule.spaced("5 seconds")))

    return {
      hear: (told) => {
        ready.push(told)
        if (isKeeping) return
        isKeeping = true
        run(keep)
      },
      acknowledged: (ids) => {
        const own = ids.filter((id) => known.has(id))
        if (own.length === 0) return Effect.void
        for (const id of own) forget(id)
        begin()
        return Effect.andThen(
          facts.acknowledged(own),
          unread === undefined ? Effect.void : Effect.sync(() => run(readOn))
        )
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
