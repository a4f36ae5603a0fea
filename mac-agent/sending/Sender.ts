import { Array, Clock, Context, Effect, Exit, FiberSet, Layer, Schedule } from "effect"
import type { DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Later } from "#domain/Later.ts"
import { lru } from "#domain/Lru.ts"
import type { MessageCode } from "#domain/message/Codes.ts"
import { notice } from "#domain/Notice.ts"
import { Ledger, type LedgerEntry } from "#domain/ports/Ledger.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { GatewayClock } from "../link/GatewayClock.ts"
import { Reporter } from "../link/Reporter.ts"
import { Trust } from "../link/Trust.ts"
import * as Chats from "./Chats.ts"
import * as Live from "./Entry.ts"
import * as SentMessages from "./SentMessages.ts"
import * as Tries from "./Tries.ts"
import * as Typing from "./Typing.ts"
import { arrivals, changeOf, isTold, reporting, tellOtherCopy } from "./Verdicts.ts"

export interface SenderOptions {
  /** After a (re)connection, what WhatsApp still has to tell of earlier attempts comes first. 3 seconds by default. */
  readonly offlineReceiptsMillis?: number
  /** `attempting` becomes a report only when it lasts: a second by default. */
  readonly lastingMillis?: number
  /**
   * So many sends of a device are under way at a time, hence lookups of numbers: 128 by default, as many as come
   * together under load. After an outage the other chats wait for their turn.
   */
  readonly sendsAtOnce?: number
  /** On a stop, what is under way has so long to end: 10 seconds by default. */
  readonly drainMillis?: () => number
  /** How long at most somebody is seen writing before a message is first tried: not at all by default. */
  readonly typingMillis?: number
}

/** Bounds how long one commit holds the event loop. */
const endedAtOnce = 512
/** Most words come soon, and their messages need not be looked up in the ledger. */
const mostLately = 512

/** The one place that writes to WhatsApp: attempts, outcomes, retries, expiry. */
export class Sender extends Context.Service<
  Sender,
  {
    /** Takes verified commands durably; answers, as the ledger did, when it has them. Sending goes on by itself. */
    readonly accept: (
      entries: Array.NonEmptyReadonlyArray<LedgerEntry>
    ) => Effect.Effect<ReadonlyArray<"accepted" | "known" | "contradicted">>
    readonly connected: (device: DeviceId) => Effect.Effect<void>
    readonly disconnected: (device: DeviceId) => void
    /** For good: what waits for it, and what still comes, has failed. Ends when that is durable. */
    readonly unlinked: (device: DeviceId) => Effect.Effect<void>
    /** It is to be linked, perhaps again: what comes for it waits. */
    readonly linking: (device: DeviceId) => void
    /** The server's or the recipient's word on one of our ids, outside of any attempt. */
    readonly heard: (
      of: { readonly device: DeviceId; readonly waMessageId: string },
      word: {
        readonly claim: "sent" | "delivered" | "read" | "played" | "failed"
        readonly code?: string
        readonly at: Instant
      }
    ) => Effect.Effect<void>
    /** Begins nothing more, and waits a while for what is under way. */
    readonly drain: Effect.Effect<void>
  }
>()("homing/mac-agent/sending/Sender") {}

export const layer = (options: SenderOptions = {}) =>
  Layer.effect(
    Sender,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const patience = yield* LedgerPatience
      const findSent = yield* SentMessages.finding
      const reporter = yield* Reporter
      const step = yield* Steps
      const time = yield* GatewayClock
      const trust = yield* Trust
      const run = yield* FiberSet.makeRuntime<never>()
      const {
        drainMillis = () => 10_000,
        lastingMillis = 1_000,
        offlineReceiptsMillis = 3_000,
        sendsAtOnce = 128,
        typingMillis = 0
      } = options
      const reportOf = yield* reporting

      /** By command, not by place: a log that was restored from a copy gives places out again. */
      const lives = new Map<EventId, Live.Live>()
      const chats = Chats.make(sendsAtOnce)
      /** By WhatsApp id. */
      const lately = lru<Live.Live>(mostLately)
      const online = new Set<DeviceId>()
      const gone = new Set<DeviceId>()
      const idle = new Later<void>()
      let draining = false

      /** Begins what a connected device may have under way. */
      const wake = (of: Pick<LedgerEntry, "device">): void => {
        if (!online.has(of.device)) return
        for (let next = chats.takeNext(of); next !== undefined; next = chats.takeNext(of)) {
          run(tries.begin(lives.get(next.commandId)!))
        }
      }
      const proceed = (entry: LedgerEntry): void => {
        chats.release(entry)
        if (draining && chats.underway() === 0) idle.tell(Exit.void)
        wake(entry)
      }
      const typing = yield* Typing.make(typingMillis)
      const tries = yield* Tries.make({ chats, lastingMillis, lives, proceed, run, typing })

      const raise = ({ attempt, commandId, waMessageId }: LedgerEntry): void => {
        const live = lives.get(commandId)
        if (live === undefined) lately.delete(waMessageId)
        else if (live.attempt < attempt) live.attempt = attempt
      }

      /** The gateway's signed word is another than what is here under its id, from an older file say: that is not sent. */
      const distrust = ({ commandId }: LedgerEntry): void => {
        const live = lives.get(commandId)
        if (live?.trying === false && lives.delete(commandId)) learn(live)
      }

      const accept = Effect.fnUntraced(function* (entries: Array.NonEmptyReadonlyArray<LedgerEntry>) {
        const now = fromMillis(yield* Clock.currentTimeMillis)
        for (const entry of entries) raise(entry) // never behind the ledger
        const placed = Array.map(entries, (entry): LedgerEntry => {
          const mayBegin = !typing.precedes && online.has(entry.device) && entry.expiresAt > now
          if (mayBegin && chats.claim(entry)) {
            return { ...entry, state: "attempting", attemptedAt: now }
          }
          chats.reserve(entry)
          return entry
        })
        step("agent.received")
        const answers = yield* patience.surely(ledger.accept(placed))
        for (const [i, entry] of placed.entries()) {
          const isNew = answers[i] === "accepted"
          if (isNew) {
            const live = Live.make(entry)
            lives.set(entry.commandId, live)
            lately.set(entry.waMessageId, live)
          } else (answers[i] === "contradicted" ? distrust : raise)(entry) // it may have been on its way to the ledger with this one
          if (entry.state === "attempting") {
            if (isNew) run(tries.beginTaken(lives.get(entry.commandId)!))
            else proceed(entry)
          } else {
            if (isNew) chats.admit(entry)
            else chats.withdraw(entry)
            wake(entry) // the device may have connected, or the chat become free, while the ledger was written
          }
        }
        return answers
      }, Effect.uninterruptible) // what the ledger has as `attempting` is tried

      const connected = Effect.fnUntraced(function* (device: DeviceId) {
        if (draining) return
        const due = (yield* Clock.currentTimeMillis) + offlineReceiptsMillis
        for (const { doubt, entry } of lives.values()) if (doubt && entry.device === device) doubt.due = due
        online.add(device)
        wake({ device })
      })

      /** At once, so that no try begins or ends as if nothing had been heard. */
      const learn = (live: Live.Live): void => {
        live.heard = true
        live.doubt = undefined
        if (live.trying) return
        chats.withdraw(live.entry)
        wake(live.entry)
      }

      /** Durable before it is over: only then is WhatsApp told that we have it. */
      const heard: Sender["Service"]["heard"] = Effect.fnUntraced(function* (
        { device, waMessageId },
        { at, claim, code }
      ) {
        const recent = arrivals.has(claim) ? lately.get(waMessageId) : undefined
        const entry = recent?.entry.device === device ? recent.entry : yield* findSent(device, waMessageId)
        if (entry === undefined) return
        const live = lives.get(entry.commandId)
        if (claim === "failed" && live?.trying) {
          live.refusal = { at, ...(code !== undefined && { code }) }
          return
        }
        if (claim === "sent" && live === undefined && isTold.has(entry.state)) return
        const tries = live?.doubt?.tries ?? 0
        if (claim === "failed" && tries > 1) return yield* tellOtherCopy(code) // another one of them may have left
        if (live !== undefined) learn(live)
        const millis = toMillis(at)
        const reports = [reportOf(entry, (live ?? recent ?? entry).attempt, claim, millis, code)]
        const state = claim === "failed" ? "rejected" : "acked"
        const [tookEffect] = yield* patience.surely(ledger.changeAlong([changeOf(entry, state, millis, reports)]))
        if (live?.trying === false) lives.delete(entry.commandId)
        // such as the refusal of what was sent once more because a phone had asked for it
        if (!tookEffect) return yield* tellOtherCopy(code)
        step("agent.settled")
        reporter.publishAlong(reports)
      })

      /** What an earlier run left: waiting entries wait on; what was being attempted is unclear now, and said so. */
      const resume = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const entry of yield* ledger.unfinished(trust.epoch)) {
          const live = Live.make(entry)
          lives.set(entry.commandId, live)
          if (entry.state === "prepared") {
            chats.enqueue(entry)
            continue
          }
          live.doubt = Live.leftInDoubt()
          if (entry.state !== "attempting") continue
          const reports = [reportOf(entry, entry.attempt, "unknown", now, "interrupted" satisfies MessageCode)]
          yield* ledger.change([changeOf(entry, "ambiguous", now, reports)])
          reporter.publish(reports)
        }
      })
      yield* resume

      /** A due doubt gets in line, where it is the oldest of its chat: one that is never empty would not let it in. */
      const lineUp = (live: Live.Live, now: number): void => {
        const { doubt, entry, trying } = live
        if (doubt === undefined || doubt.inLine || trying) return
        if (Live.isClosed(live, now)) lives.delete(entry.commandId)
        else if (doubt.due <= now && online.has(entry.device)) {
          doubt.inLine = true
          chats.enqueue(entry)
        }
      }

      /** Takes from their lines what shall wait no longer; `end` writes the last word on what was never tried. */
      const takeAll = Effect.fnUntraced(function* (
        isOver: (entry: LedgerEntry) => boolean,
        end: (some: Array.NonEmptyReadonlyArray<Live.Live>) => Effect.Effect<void>
      ) {
        const untried: globalThis.Array<Live.Live> = []
        for (const { commandId } of chats.takeAll(isOver)) {
          const live = lives.get(commandId)!
          if (live.doubt === undefined) untried.push(live)
          else live.doubt.inLine = false
        }
        for (const some of Array.chunksOf(untried, endedAtOnce)) yield* end(some)
      })
      const dismiss = Effect.gen(function* () {
        if (gone.size === 0) return
        const now = yield* Clock.currentTimeMillis
        yield* takeAll(
          ({ device }) => gone.has(device),
          (some) => tries.abandon(some, now, "device_unlinked")
        )
      })

      /** Entries whose time has come are tried again; waiting ones whose time is over expire. */
      const tick = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const instant = fromMillis(now)
        if (time.isSet()) {
          yield* takeAll(
            ({ expiresAt }) => expiresAt <= instant,
            (some) => tries.expire(some, now)
          )
        }
        yield* dismiss
        for (const live of lives.values()) lineUp(live, now)
        chats.rouse(now)
        for (const device of online) wake({ device })
      }).pipe(Effect.catchDefect((defect) => Effect.logError("a look at what is due broke", defect)))
      yield* Effect.forkScoped(Effect.repeat(tick, Schedule.spaced("1 second")))

      const drain = Effect.suspend(() => {
        draining = true
        online.clear()
        typing.stop()
        const [messages, withinMs] = [chats.underway(), Math.round(drainMillis())]
        if (messages === 0 || withinMs === 0) return Effect.void
        run(Effect.map(Effect.sleep(withinMs), () => void idle.tell(Exit.void)))
        const told = Effect.logInfo("stopping: what is under way to WhatsApp may end", { messages, withinMs })
        return Effect.andThen(notice(told), idle.told)
      })

      return {
        accept,
        connected,
        drain,
        heard,
        disconnected: (device) => void online.delete(device),
        unlinked: (device) => {
          online.delete(device)
          gone.add(device)
          return dismiss
        },
        linking: (device) => void gone.delete(device)
      }
    })
  )
