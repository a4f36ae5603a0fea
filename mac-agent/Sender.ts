import { type Array, Clock, Context, Effect, FiberSet, Layer, Schedule } from "effect"
import type { MessageCode } from "#domain/ErrorCodes.ts"
import type { DeviceId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import type { ReportKind } from "#domain/message/Status.ts"
import { Ledger, type LedgerEntry, type LedgerState } from "#domain/ports/Ledger.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { type SendOutcome, WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as Chats from "./Chats.ts"
import { GatewayClock } from "./GatewayClock.ts"
import { Reporter } from "./Reporter.ts"
import { Trust } from "./Trust.ts"
import * as Unclear from "./Unclear.ts"
import { changeOf, reporting } from "./Verdicts.ts"

const notSentRetryMillis = 2_000

export interface SenderOptions {
  /** After a (re)connection, what WhatsApp still has to tell of earlier attempts comes first. 3 seconds by default. */
  readonly offlineReceiptsMillis?: number
  /** `attempting` becomes a report only when it lasts: a second by default. */
  readonly lastingMillis?: number
}

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
    /** The server's or the recipient's word on one of our ids, outside of any attempt. */
    readonly heard: (
      waMessageId: string,
      word: {
        readonly claim: "sent" | "delivered" | "read" | "played" | "failed"
        readonly code?: string
        readonly at: Instant
      }
    ) => Effect.Effect<void>
  }
>()("homing/mac-agent/Sender") {}

export const layer = (options: SenderOptions = {}) =>
  Layer.effect(
    Sender,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const reporter = yield* Reporter
      const whatsapp = yield* WhatsApp
      const step = yield* Steps
      const time = yield* GatewayClock
      const trust = yield* Trust
      const clock = yield* Clock.Clock
      const run = yield* FiberSet.makeRuntime<never>()
      const offlineReceiptsMillis = options.offlineReceiptsMillis ?? 3_000
      const lastingMillis = options.lastingMillis ?? 1_000
      /**
       * The highest attempt under which each open entry was asked for. Reports answer to that one: what a restart says of
       * the latest attempt would outvote a verdict on an earlier one, though it knows less.
       */
      const attempts = new Map<bigint, number>()
      const reportOf = reporting(reporter, attempts)
      const chats = Chats.make()
      const unclear = Unclear.make()
      const online = new Set<DeviceId>()
      /** Attempts under way by position; `true` once the server's word came by another way. */
      const underWay = new Map<bigint, boolean>()

      /** Records a verdict with its report and publishes it. What a restart would find out again may be durable later. */
      const settle = (entry: LedgerEntry, state: LedgerState, claim: ReportKind, millis: number, code?: string) => {
        const reports = [reportOf(entry, claim, millis, code)]
        if (state !== "ambiguous") {
          unclear.settled(entry)
          attempts.delete(entry.position)
        }
        return Effect.map(ledger.changeSoon([changeOf(entry, state, millis, reports)]), () => {
          step("agent.settled")
          reporter.publish(reports)
        })
      }

      /** Begins the chat's next entry, if there is one and its device is connected. */
      const wake = (chat: LedgerEntry): void => {
        const next = online.has(chat.device) ? chats.takeNext(chat) : undefined
        if (next !== undefined) run(attemptAgain(next))
      }
      const proceed = (entry: LedgerEntry): void => {
        chats.release(entry)
        wake(entry)
      }
      const expire = (entry: LedgerEntry, now: number) => settle(entry, "expired", "expired", now)
      const expireNow = (entry: LedgerEntry, now: number) => Effect.map(expire(entry, now), () => proceed(entry))
      const isOver = (entry: LedgerEntry, now: number) => now >= toMillis(entry.expiresAt)

      /** Back to its place, first of its chat; nothing left. */
      const later = (entry: LedgerEntry): void => {
        chats.enqueue(entry)
        chats.release(entry)
        run(
          Effect.delay(
            Effect.sync(() => wake(entry)),
            notSentRetryMillis
          )
        )
      }

      /** One try of an entry that is durably `attempting`, in a chat that is claimed for it. */
      const attempt = (entry: LedgerEntry): Effect.Effect<void> =>
        Effect.suspend(() => {
          step("agent.attempting")
          underWay.set(entry.position, false)
          const lasting = setTimeout(() => run(tellAttempting(entry)), lastingMillis)
          const over = (outcome: SendOutcome) => {
            clearTimeout(lasting)
            step("agent.sent")
            const known = underWay.get(entry.position) === true
            underWay.delete(entry.position)
            if (known && outcome._tag !== "Rejected") return spare(entry)
            return conclude(entry, outcome)
          }
          return Effect.matchCauseEffect(whatsapp.send(entry.device, entry), {
            onSuccess: over,
            onFailure: (cause) =>
              Effect.flatMap(Effect.logError("an attempt broke", cause), () =>
                over({ _tag: "Unknown", reason: "send_failed" })
              )
          })
        })

      const tellAttempting = (entry: LedgerEntry) => {
        const report = reportOf(entry, "attempting", clock.currentTimeMillisUnsafe())
        return Effect.map(Effect.ignore(ledger.keep([report])), () => reporter.publish([report]))
      }

      /** It may have left, or not. Said once; tried again under the same id while the window is open. */
      const unsure = (entry: LedgerEntry, code: MessageCode) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const told =
            unclear.failed(entry, now) === 1
              ? settle(entry, "ambiguous", "unknown", now, code)
              : ledger.changeSoon([changeOf(entry, "ambiguous", now, [])])
          return Effect.map(told, () => proceed(entry))
        })

      const conclude = (entry: LedgerEntry, outcome: SendOutcome): Effect.Effect<void> => {
        switch (outcome._tag) {
          case "Acked":
            return Effect.map(settle(entry, "acked", "sent", toMillis(outcome.at)), () => proceed(entry))
          case "Rejected":
            return Effect.map(settle(entry, "rejected", "failed", toMillis(outcome.at), outcome.code), () =>
              proceed(entry)
            )
          case "Unknown":
            return unsure(entry, outcome.reason)
          case "NotSent":
            // an earlier try may have left: then "not sent" says nothing about the message
            if (unclear.has(entry)) return unsure(entry, outcome.reason)
            return Effect.flatMap(Clock.currentTimeMillis, (now) =>
              outcome.final
                ? Effect.map(settle(entry, "rejected", "failed", now, outcome.reason), () => proceed(entry))
                : Effect.map(ledger.changeSoon([changeOf(entry, "prepared", now, [])]), () => later(entry))
            )
        }
      }

      /** Makes an entry `attempting`, durably, and tries it, unless its time is over. Its chat is claimed for it. */
      const attemptAgain = (entry: LedgerEntry): Effect.Effect<void> =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const again = unclear.has(entry)
          if (isOver(entry, now) && !again) return expireNow(entry, now)
          const trying: LedgerEntry = {
            ...entry,
            state: "attempting",
            attemptedAt: entry.attemptedAt ?? fromMillis(now)
          }
          underWay.set(entry.position, false)
          return ledger.change([changeOf(entry, "attempting", now, [])]).pipe(
            Effect.andThen(
              // the server's word on an earlier try came while this one was written down
              Effect.suspend(() => (underWay.get(entry.position) === true ? spare(entry) : attempt(trying)))
            ),
            Effect.catchTag("LedgerUnavailable", () =>
              Effect.map(Effect.logError("the ledger does not answer; nothing is sent without it"), () => {
                underWay.delete(entry.position)
                if (!again) return later(entry)
                unclear.postpone(entry, now + notSentRetryMillis)
                proceed(entry)
              })
            )
          )
        })

      const spare = (entry: LedgerEntry) =>
        Effect.sync(() => {
          underWay.delete(entry.position)
          attempts.delete(entry.position)
          proceed(entry)
        })

      const accept = Effect.fnUntraced(function* (entries: Array.NonEmptyReadonlyArray<LedgerEntry>) {
        const now = fromMillis(yield* Clock.currentTimeMillis)
        for (const { attempt, position } of entries) {
          const before = attempts.get(position)
          if (before !== undefined && before < attempt) attempts.set(position, attempt) // never behind the ledger
        }
        const placed = entries.map((entry): LedgerEntry => {
          if (online.has(entry.device) && entry.expiresAt > now && chats.claim(entry)) {
            return { ...entry, state: "attempting", attemptedAt: now }
          }
          chats.reserve(entry)
          return entry
        }) as unknown as Array.NonEmptyReadonlyArray<LedgerEntry>
        step("agent.received")
        const answers = yield* ledger.accept(placed).pipe(
          Effect.tapError(() => Effect.logError("the ledger does not answer; commands wait")),
          Effect.retry(Schedule.spaced("1 second")),
          Effect.orDie
        )
        const written = yield* Clock.currentTimeMillis // the ledger may have taken long
        for (const [i, entry] of placed.entries()) {
          const isNew = answers[i] === "accepted"
          if (isNew) attempts.set(entry.position, entry.attempt)
          if (entry.state === "attempting") {
            if (!isNew) proceed(entry)
            else run(isOver(entry, written) ? expireNow(entry, written) : attempt(entry))
          } else {
            if (isNew) chats.admit(entry)
            else chats.withdraw(entry)
            wake(entry) // the device may have connected, or the chat become free, while the ledger was written
          }
        }
        return answers
      })

      const connected = Effect.fnUntraced(function* (device: DeviceId) {
        online.add(device)
        unclear.notBefore(device, (yield* Clock.currentTimeMillis) + offlineReceiptsMillis)
        for (const entry of chats.takeReady(device)) run(attemptAgain(entry))
      })

      /** Durable before it is over: WhatsApp does not say it twice. */
      const heard = Effect.fnUntraced(
        function* (
          waMessageId: string,
          { at, claim, code }: { readonly claim: ReportKind; readonly code?: string; readonly at: Instant }
        ) {
          const entry = yield* ledger.findSent(waMessageId)
          if (entry === undefined) return
          // at once, so that no try begins or ends as if nothing had been heard
          unclear.settled(entry)
          if (underWay.has(entry.position)) underWay.set(entry.position, true)
          const reports = [reportOf(entry, claim, toMillis(at), code)]
          yield* ledger.change([changeOf(entry, claim === "failed" ? "rejected" : "acked", toMillis(at), reports)])
          step("agent.settled")
          if (!underWay.has(entry.position)) attempts.delete(entry.position)
          reporter.publish(reports)
        },
        Effect.tapError(() => Effect.logError("the ledger does not answer; what WhatsApp told waits")),
        Effect.retry(Schedule.spaced("1 second")),
        Effect.orDie
      )

      /** What an earlier run left: waiting entries wait on; what was being attempted is unclear now, and said so. */
      const resume = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const entry of yield* ledger.unfinished(trust.epoch)) {
          attempts.set(entry.position, entry.attempt)
          if (entry.state === "prepared") {
            chats.enqueue(entry)
            continue
          }
          if (entry.state === "attempting") {
            const reports = [reportOf(entry, "unknown", now, "interrupted" satisfies MessageCode)]
            yield* ledger.change([changeOf(entry, "ambiguous", now, reports)])
            reporter.publish(reports)
          }
          unclear.resume(entry) // tried again when its device has connected
        }
      })
      yield* resume

      /** Ambiguous entries whose time has come are tried again; waiting ones whose time is over expire. */
      const tick = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const expired = time.isSet() ? chats.takeExpired(fromMillis(now)) : []
        for (const entry of expired) yield* expire(entry, now)
        const claim = (entry: LedgerEntry) => online.has(entry.device) && chats.claim(entry)
        for (const entry of unclear.takeDue(now, claim)) run(attemptAgain(entry))
      }).pipe(Effect.catchDefect((defect) => Effect.logError("a look at what is due broke", defect)))
      yield* Effect.forkScoped(Effect.repeat(tick, Schedule.spaced("1 second")))

      return { accept, connected, heard, disconnected: (device) => void online.delete(device) }
    })
  )
