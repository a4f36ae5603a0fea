import { type Array, Clock, Context, Effect, Layer, Schedule } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerEntry, type LedgerReport, type LedgerState } from "#domain/ports/Ledger.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { type SendOutcome, WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as Chats from "./Chats.ts"
import { Reporter } from "./Reporter.ts"
import { Trust } from "./Trust.ts"

/** The ledger tries again by itself for this long after the first attempt, always under the same id. */
const retryWindowMillis = 15 * 60_000
const firstRetryMillis = 15_000
const notSentRetryMillis = 2_000
/** `attempting` becomes a report only when it lasts. */
const lastingMillis = 1_000
/** After a (re)connection, what WhatsApp still has to tell of earlier attempts comes first. */
const offlineReceiptsMillis = 3_000

export interface SenderOptions {
  readonly offlineReceiptsMillis?: number
}

/** The one place that writes to WhatsApp: attempts, outcomes, retries, expiry. */
export class Sender extends Context.Service<
  Sender,
  {
    /** Takes verified commands durably; completes when the ledger has them. Sending goes on by itself. */
    readonly accept: (entries: Array.NonEmptyReadonlyArray<LedgerEntry>) => Effect.Effect<void>
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

type Claim = "attempting" | "unknown" | "expired" | "failed" | "sent" | "delivered" | "read" | "played"

export const layer = (options: SenderOptions = {}) =>
  Layer.effect(
    Sender,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const reporter = yield* Reporter
      const whatsapp = yield* WhatsApp
      const step = yield* Steps
      const trust = yield* Trust
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const chats = Chats.make()
      const online = new Set<DeviceId>()
      /** Ambiguous entries by position: when each is tried again, and how often it was. */
      const unclear = new Map<bigint, { entry: LedgerEntry; due: number; tries: number }>()
      /** Attempts under way by position; `true` once the server's word came by another way. */
      const underWay = new Map<bigint, boolean>()

      const reportOf = (entry: LedgerEntry, claim: Claim, millis: number, code?: string): LedgerReport => {
        const told = ["delivered", "read", "played"].includes(claim)
        return reporter.compose(
          entry,
          {
            kind: "message",
            message: entry.message,
            claim,
            at: fromMillis(millis),
            ...(told && { recipient: entry.subject }),
            ...(code !== undefined && { code })
          },
          millis
        )
      }

      const changeOf = (
        entry: LedgerEntry,
        state: LedgerState,
        millis: number,
        reports: ReadonlyArray<LedgerReport>
      ) => ({
        epoch: entry.epoch,
        position: entry.position,
        state,
        at: fromMillis(millis),
        reports
      })

      /** Records a verdict with its report and publishes it. What a restart would find out again may be durable later. */
      const settle = (entry: LedgerEntry, state: LedgerState, claim: Claim, millis: number, code?: string) => {
        const reports = [reportOf(entry, claim, millis, code)]
        unclear.delete(entry.position)
        return Effect.map(ledger.changeSoon([changeOf(entry, state, millis, reports)]), () => {
          step("agent.settled")
          reporter.publish(reports)
        })
      }

      const proceed = (entry: LedgerEntry): void => {
        chats.release(entry)
        const next = online.has(entry.device) ? chats.takeNext(entry) : undefined
        if (next !== undefined) run(attemptAgain(next))
      }

      /** One try of an entry that is durably `attempting`, in a chat that is claimed for it. */
      const attempt = (entry: LedgerEntry): Effect.Effect<void> =>
        Effect.suspend(() => {
          step("agent.attempting")
          underWay.set(entry.position, false)
          const lasting = setTimeout(() => run(tellAttempting(entry)), lastingMillis)
          return whatsapp.send(entry.device, entry).pipe(
            Effect.tapCause((cause) => Effect.logError("an attempt broke", cause)),
            Effect.catchCause(() => Effect.succeed<SendOutcome>({ _tag: "Unknown", reason: "send_failed" })),
            Effect.ensuring(Effect.sync(() => clearTimeout(lasting))),
            Effect.flatMap((outcome) => {
              step("agent.sent")
              const known = underWay.get(entry.position) === true
              underWay.delete(entry.position)
              if (known && outcome._tag !== "Rejected") return Effect.sync(() => proceed(entry))
              return conclude(entry, outcome)
            })
          )
        })

      const tellAttempting = (entry: LedgerEntry) => {
        const report = reportOf(entry, "attempting", Date.now())
        return Effect.map(Effect.ignore(ledger.keep([report])), () => reporter.publish([report]))
      }

      /** It may have left, or not. Said once; tried again under the same id while the window is open. */
      const unsure = (entry: LedgerEntry, code: string) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const tries = (unclear.get(entry.position)?.tries ?? 0) + 1
          const told =
            tries === 1
              ? settle(entry, "ambiguous", "unknown", now, code)
              : ledger.changeSoon([changeOf(entry, "ambiguous", now, [])])
          return Effect.map(told, () => {
            unclear.set(entry.position, { entry, tries, due: now + firstRetryMillis * 2 ** (tries - 1) })
            proceed(entry)
          })
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
            return Effect.flatMap(Clock.currentTimeMillis, (now) => {
              // an earlier try may have left: then "not sent" says nothing about the message
              const earlier = unclear.has(entry.position)
              if (outcome.final && !earlier) {
                return Effect.map(settle(entry, "rejected", "failed", now, outcome.reason), () => proceed(entry))
              }
              if (earlier) return unsure(entry, outcome.reason)
              return Effect.map(ledger.changeSoon([changeOf(entry, "prepared", now, [])]), () => {
                chats.enqueue(entry)
                chats.release(entry)
                setTimeout(() => run(wake(entry)), notSentRetryMillis)
              })
            })
        }
      }

      const wake = (entry: LedgerEntry) =>
        Effect.suspend(() => {
          const next = online.has(entry.device) ? chats.takeNext(entry) : undefined
          return next === undefined ? Effect.void : attemptAgain(next)
        })

      /** Makes an entry `attempting`, durably, and tries it, unless its time is over. Its chat is claimed for it. */
      const attemptAgain = (entry: LedgerEntry): Effect.Effect<void> =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          if (now >= toMillis(entry.expiresAt) && !unclear.has(entry.position)) {
            return Effect.map(expire(entry, now), () => proceed(entry))
          }
          const trying: LedgerEntry = {
            ...entry,
            state: "attempting",
            attemptedAt: entry.attemptedAt ?? fromMillis(now)
          }
          return ledger.change([changeOf(entry, "attempting", now, [])]).pipe(
            Effect.andThen(attempt(trying)),
            Effect.catchTag("LedgerUnavailable", () =>
              Effect.map(Effect.logError("the ledger does not answer; nothing is sent without it"), () => {
                chats.enqueue(entry)
                chats.release(entry)
                setTimeout(() => run(wake(entry)), notSentRetryMillis)
              })
            )
          )
        })

      const expire = (entry: LedgerEntry, now: number) => settle(entry, "expired", "expired", now)

      const accept = Effect.fnUntraced(function* (entries: Array.NonEmptyReadonlyArray<LedgerEntry>) {
        const now = fromMillis(yield* Clock.currentTimeMillis)
        const claimed = entries.map((entry): LedgerEntry => {
          const ready = online.has(entry.device) && entry.expiresAt > now && chats.claim(entry)
          return ready ? { ...entry, state: "attempting", attemptedAt: now } : entry
        }) as unknown as Array.NonEmptyReadonlyArray<LedgerEntry>
        step("agent.received")
        const answers = yield* ledger.accept(claimed).pipe(
          Effect.tapError(() => Effect.logError("the ledger does not answer; commands wait")),
          Effect.retry(Schedule.spaced("1 second")),
          Effect.orDie
        )
        for (const [i, entry] of claimed.entries()) {
          const isNew = answers[i] === "accepted"
          if (answers[i] === "contradicted") yield* Effect.logWarning("a command contradicts the ledger; it is refused")
          if (entry.state === "attempting") {
            if (isNew) run(attempt(entry))
            else proceed(entry)
          } else if (isNew) {
            chats.enqueue(entry)
            run(wake(entry)) // the device may have connected, or the chat become free, while the ledger was written
          }
        }
      })

      const connected = Effect.fnUntraced(function* (device: DeviceId) {
        online.add(device)
        const now = yield* Clock.currentTimeMillis
        for (const one of unclear.values()) {
          if (one.entry.device === device) one.due = now + (options.offlineReceiptsMillis ?? offlineReceiptsMillis)
        }
        for (const entry of chats.takeReady(device)) run(attemptAgain(entry))
      })

      /** Durable before it is over: WhatsApp does not say it twice. */
      const heard = Effect.fnUntraced(
        function* (
          waMessageId: string,
          { at, claim, code }: { readonly claim: Claim; readonly code?: string; readonly at: Instant }
        ) {
          const entry = yield* ledger.findSent(waMessageId)
          if (entry === undefined) return
          const reports = [reportOf(entry, claim, toMillis(at), code)]
          yield* ledger.change([changeOf(entry, claim === "failed" ? "rejected" : "acked", toMillis(at), reports)])
          step("agent.settled")
          unclear.delete(entry.position)
          if (underWay.has(entry.position)) underWay.set(entry.position, true)
          reporter.publish(reports)
        },
        Effect.catchTag("LedgerUnavailable", () => Effect.logError("the ledger does not answer; a receipt is lost"))
      )

      /** What an earlier run left: waiting entries wait on; what was being attempted is unclear now, and said so. */
      const resume = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const entry of yield* ledger.unfinished(trust.epoch)) {
          if (entry.state === "prepared") {
            chats.enqueue(entry)
            continue
          }
          if (entry.state === "attempting") {
            const reports = [reportOf(entry, "unknown", now, "interrupted")]
            yield* ledger.change([changeOf(entry, "ambiguous", now, reports)])
            reporter.publish(reports)
          }
          unclear.set(entry.position, { entry, tries: 1, due: Number.POSITIVE_INFINITY }) // when its device connects
        }
      })
      yield* resume

      /** Ambiguous entries whose time has come are tried again; waiting ones whose time is over expire. */
      const tick = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const entry of chats.takeExpired(fromMillis(now))) yield* expire(entry, now)
        for (const [position, { due, entry }] of unclear) {
          const begun = toMillis(entry.attemptedAt ?? entry.acceptedAt)
          if (now - begun > retryWindowMillis || now >= toMillis(entry.expiresAt)) unclear.delete(position)
          else if (due <= now && online.has(entry.device) && chats.claim(entry)) run(attemptAgain(entry))
        }
      })
      yield* Effect.forkScoped(Effect.repeat(tick, Schedule.spaced("1 second")))

      return { accept, connected, heard, disconnected: (device) => void online.delete(device) }
    })
  )
