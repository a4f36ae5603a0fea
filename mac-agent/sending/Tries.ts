import { Array, Clock, Effect, Random } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import type { EventId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import type { MessageCode } from "#domain/message/Codes.ts"
import type { ReportKind } from "#domain/message/Status.ts"
import { Ledger, type LedgerChange, type LedgerEntry, type LedgerState } from "#domain/ports/Ledger.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import { type SendOutcome, WhatsApp } from "#domain/ports/WhatsApp.ts"
import { Timers } from "#domain/Timer.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Reporter } from "../link/Reporter.ts"
import type { Chats } from "./Chats.ts"
import { doubted, hasExpired, isTried, type Live, mayBegin, pauseAfter, type Refusal } from "./Entry.ts"
import type { Typing } from "./Typing.ts"
import { changeOf, reporting } from "./Verdicts.ts"

export interface Surroundings {
  /** Every entry that is not over, by its command. */
  readonly lives: Map<EventId, Live>
  readonly chats: Chats
  /** The try is over, or there is none: the chat goes on, and the device. */
  readonly proceed: (entry: LedgerEntry) => void
  readonly run: (effect: Effect.Effect<void>) => void
  readonly lastingMillis: number
  readonly typing: Typing
}

/** What is done with one entry in a chat that is claimed for it: it is tried, and what became of that is settled. */
export const make = Effect.fnUntraced(function* (surroundings: Surroundings) {
  const { chats, lastingMillis, lives, proceed, run, typing } = surroundings
  const wall = yield* Clocks.wall
  const { after } = yield* Timers
  const ledger = yield* Ledger
  const patience = yield* LedgerPatience
  const reporter = yield* Reporter
  const step = yield* Steps
  const traces = yield* Traces
  const whatsapp = yield* WhatsApp
  const reportOf = yield* reporting

  /** With the report that tells of it. */
  const verdictOf = ({ attempt, entry }: Live, state: LedgerState, claim: ReportKind, millis: number, code?: string) =>
    changeOf(entry, state, millis, [reportOf(entry, attempt, claim, millis, code)])
  const tell = (verdicts: ReadonlyArray<LedgerChange>): void => {
    if (verdicts.length === 0) return
    step("agent.settled")
    reporter.publish(verdicts.flatMap(({ reports }) => reports))
  }
  /** Durable later than it is told: without it, a restart asks again under the same id. */
  const note = (verdict: LedgerChange) => Effect.map(ledger.changeSoon([verdict]), () => tell([verdict]))
  /** Durable before anybody hears of it, however long that takes: no restart may do what it forbids. */
  const settle = (verdicts: Array.NonEmptyReadonlyArray<LedgerChange>) =>
    Effect.map(patience.surely(ledger.change(verdicts)), (tookEffect) => tell(verdicts.filter((_, i) => tookEffect[i])))

  const over = (live: Live): void => {
    live.trying = false
    proceed(live.entry)
  }
  /** Its last word is written. */
  const end = (live: Live): void => {
    lives.delete(live.entry.commandId)
    over(live)
  }

  /** Their time was over before any try. */
  const expire = (expired: Array.NonEmptyReadonlyArray<Live>, now: number) =>
    Effect.map(settle(Array.map(expired, (live) => verdictOf(live, "expired", "expired", now))), () => {
      for (const { entry } of expired) lives.delete(entry.commandId)
    })
  /** They were never tried, and never will be. */
  const abandon = (abandoned: Array.NonEmptyReadonlyArray<Live>, now: number, code: MessageCode) =>
    Effect.map(settle(Array.map(abandoned, (live) => verdictOf(live, "rejected", "failed", now, code))), () => {
      for (const { entry } of abandoned) lives.delete(entry.commandId)
    })
  const reject = (live: Live, millis: number, code?: string) =>
    Effect.map(settle([verdictOf(live, "rejected", "failed", millis, code)]), () => end(live))

  /** It may have left, or not. Said once; tried again under the same id while the window is open. */
  const unsure = (live: Live, code: MessageCode) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      live.doubt = doubted(live, now)
      const change =
        live.doubt.tries === 1
          ? note(verdictOf(live, "ambiguous", "unknown", now, code))
          : ledger.changeSoon([changeOf(live.entry, "ambiguous", now, [])])
      return Effect.map(change, () => over(live))
    })

  /** Back to its place, first of its chat; nothing left. */
  const later = (live: Live, reason: Extract<SendOutcome, { _tag: "NotSent" }>["reason"], now: number) =>
    Effect.map(
      Effect.andThen(ledger.changeSoon([changeOf(live.entry, "prepared", now, [])]), Random.next),
      (chance) => {
        chats.rest(live.entry, now + pauseAfter(live, reason, chance))
        over(live)
      }
    )

  /** How many earlier copies may have left. */
  const doubtful = (live: Live) => live.doubt?.tries ?? 0
  /** The server refused one copy: that is the message's end if none of the others may have left. */
  const refused = (live: Live, { at, code }: Refusal, others: number) =>
    others > 0 ? unsure(live, "send_failed") : reject(live, toMillis(at), code)

  const conclude = (live: Live, outcome: SendOutcome): Effect.Effect<void> => {
    switch (outcome._tag) {
      case "Acked":
        return Effect.map(note(verdictOf(live, "acked", "sent", toMillis(outcome.at))), () => end(live))
      case "Rejected":
        return refused(live, outcome, doubtful(live))
      case "Unknown":
        return unsure(live, outcome.reason)
      case "NotSent":
        // an earlier try may have left: then "not sent" says nothing about the message
        if (live.doubt !== undefined) return unsure(live, outcome.reason)
        return Effect.flatMap(Clock.currentTimeMillis, (now) =>
          outcome.final ? reject(live, now, outcome.reason) : later(live, outcome.reason, now)
        )
    }
  }

  const spare = (live: Live) => Effect.sync(() => end(live))

  const tellAttempting = ({ attempt, entry }: Live) => {
    const report = reportOf(entry, attempt, "attempting", wall())
    return Effect.map(Effect.ignore(ledger.keep([report])), () => reporter.publish([report]))
  }

  /** One try of an entry that is durably `attempting`. */
  const attempt = (live: Live): Effect.Effect<void> =>
    Effect.suspend(() => {
      step("agent.attempting")
      live.trying = true
      const span = traces?.begin("send", live.entry.trace)
      const lasting = after(lastingMillis, () => run(tellAttempting(live)))
      const ended = (outcome: SendOutcome) => {
        lasting.stop()
        const { device, message } = live.entry
        span?.end(
          { "homing.message.id": message, "homing.device.id": device, "homing.outcome": outcome._tag },
          outcome._tag !== "Acked"
        )
        step("agent.sent")
        if (live.heard) return spare(live)
        const { refusal } = live
        const isSilent = outcome._tag === "Unknown" || outcome._tag === "NotSent"
        if (refusal === undefined || !isSilent) return conclude(live, outcome)
        live.refusal = undefined
        // it was one of the earlier copies, and this one may have left as well
        return refused(live, refusal, doubtful(live) - 1 + Number(outcome._tag === "Unknown"))
      }
      return Effect.matchCauseEffect(whatsapp.send(live.entry.device, live.entry), {
        onSuccess: ended,
        onFailure: (cause) =>
          Effect.flatMap(Effect.logError("an attempt broke", cause), () =>
            ended({ _tag: "Unknown", reason: "send_failed" })
          )
      })
    })

  /** Its turn came, and it may not be tried. */
  const forgo = (live: Live) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (live.heard) return spare(live)
      if (live.refusal !== undefined) return refused(live, live.refusal, doubtful(live) - 1)
      if (live.doubt === undefined) return Effect.map(expire([live], now), () => over(live))
      live.doubt.inLine = false
      return Effect.sync(() => over(live))
    })

  /** Makes an entry `attempting`, durably, and tries it, unless its time is over. */
  const beginNow = (live: Live): Effect.Effect<void> => {
    live.trying = true
    const written = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (!mayBegin(live, now)) return Effect.succeed(false)
      live.attemptedMillis ??= now
      return Effect.map(ledger.change([changeOf(live.entry, "attempting", now, [])]), ([tookEffect]) => {
        if (!tookEffect) live.heard = true
        return true
      })
    })
    // the server's word on an earlier try may come while this one is written down
    return Effect.flatMap(patience.surely(written), (isWritten) =>
      isWritten && !live.heard && live.refusal === undefined ? attempt(live) : forgo(live)
    )
  }

  /** The same, after somebody was seen writing, if that is wanted and it is tried for the first time. */
  const begin = (live: Live): Effect.Effect<void> => {
    if (!typing.precedes || isTried(live)) return beginNow(live)
    return Effect.flatMap(typing.show(live.entry), (isOver) =>
      isOver ? beginNow(live) : Effect.sync(() => proceed(live.entry))
    )
  }

  /** The same for one that was taken as `attempting`: the ledger may have taken long. */
  const beginTaken = (live: Live): Effect.Effect<void> => (hasExpired(live, wall()) ? forgo(live) : attempt(live))

  return { abandon, begin, beginTaken, expire }
})
