import { Clock, Context, Effect, FiberSet, Layer, Schedule } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { deviceReportKey, numberReportKey, reportIdOf, uuidV7 } from "#domain/Identifiers.ts"
import type { DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import type { Presence } from "#domain/inbound/Presence.ts"
import type { PhoneNumber } from "#domain/message/Recipient.ts"
import { reportKey } from "#domain/message/Status.ts"
import type { Lane, Outgoing } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { HeardFact } from "#domain/ports/Ledger.ts"
import { Ledger, type LedgerReport, type ReportPlace } from "#domain/ports/Ledger.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { type Timer, Timers } from "#domain/Timer.ts"
import { posting, type Regarding, type Sender, type Validity } from "#domain/wire/Posting.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import { heartbeatsSince, numbersSince, SpokenVersions } from "#domain/wire/Versions.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Dialect } from "./Dialect.ts"
import { renewed, validMillis } from "./KeptReports.ts"
import { Trust } from "./Trust.ts"

/** A report without an acknowledgement is published again after this, and twice as long after each time: nobody may be there. */
const repeatAfterMillis = 15_000
const longestRepeatMillis = 10 * 60_000
const repeatAtOnce = 2_000
const alongMillis = 50

interface Published {
  readonly at: number
  readonly times: number
  /** Of a telling that the bus did not take. */
  readonly returned?: string
}

interface Leaving extends Outgoing {
  /** The bus did not take it, or did, and its confirmation was lost. */
  readonly returned?: () => void
}

/** What the ledger keeps until it is acknowledged. */
type Kept = Extract<AgentReport, { kind: "message" | "device" | "read_marked" }>

/** What is told of an account until the gateway has it. */
interface Numbered {
  readonly id: EventId
  readonly regarding: Regarding
  readonly asOf: number
  readonly number: PhoneNumber
}

/** Composes, signs and publishes reports. Those that are ready together leave under one signature. */
export class Reporter extends Context.Service<
  Reporter,
  {
    /** A report to be kept in the ledger with the change it tells of, then published. Its id follows from what it says. */
    readonly compose: (regarding: Regarding, report: Kept) => LedgerReport
    /** Publishes soon; until its acknowledgement comes it is published again. */
    readonly publish: (reports: ReadonlyArray<LedgerReport>) => void
    /** The same with what leaves next, 50 milliseconds later at most: for what may wait a little. */
    readonly publishAlong: (reports: ReadonlyArray<LedgerReport>) => void
    /** Publishes a code to pair with, encrypted to the gateway and kept nowhere. */
    readonly showCode: (
      regarding: Regarding,
      code: { readonly method: "qr" | "code"; readonly code: string; readonly expiresAt: string }
    ) => Effect.Effect<void>
    /** Publishes how somebody is seen, encrypted to the gateway and kept nowhere. */
    readonly showPresence: (
      device: DeviceId,
      seen: { readonly at: Instant; readonly presence: Presence }
    ) => Effect.Effect<void>
    /**
     * Publishes what a device heard, in the words, under the keys and in the epoch that hold now. Hears by `returned` that
     * the bus did not take it, and the name to give when it is told again.
     */
    readonly tell: (fact: HeardFact, returned: (name: string) => void, name?: string) => void
    /**
     * Tells the number of a device's account, encrypted to the gateway, until that acknowledges it: once it is known to have
     * words for it. Kept in memory alone, since a session says it again whenever it connects.
     */
    readonly tellNumber: (regarding: Regarding, told: { readonly asOf: number; readonly number: PhoneNumber }) => void
    /** Publishes what became of a head that was shown, once: the gateway shows it again. */
    readonly tellWitnessed: (
      request: { readonly commandId: string },
      told: Extract<AgentReport, { kind: "cosigned" | "head_refused" }>
    ) => void
    /** Asks the gateway for its time, under this name: in the first version that can, which it is not yet known to speak. */
    readonly ask: (question: string, heartbeat: Extract<AgentReport, { kind: "heartbeat" }>) => void
    /** The gateway holds these. */
    readonly acknowledged: (reports: ReadonlyArray<EventId>) => Effect.Effect<void>
  }
>()("homing/mac-agent/link/Reporter") {}

/** By which a report is told apart from the others that answer the same. */
const stepOf = ({ attempt }: Regarding, report: Kept): string => {
  if (report.kind === "read_marked") return report.kind
  if (report.kind === "device") return deviceReportKey(report)
  const { claim: kind, code, recipient } = report
  return reportKey({
    kind,
    attempt,
    ...(recipient !== undefined && { recipient }),
    ...(code !== undefined && { code })
  })
}

export const layer = Layer.effect(
  Reporter,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const dialect = yield* Dialect
    const ledger = yield* Ledger
    const patience = yield* LedgerPatience
    const step = yield* Steps
    const trust = yield* Trust
    const { reports: payloads } = yield* SpokenVersions
    const { post, write } = yield* posting(payloads)
    const lane: Lane = { kind: "reports", agent: trust.agent }
    const { after } = yield* Timers
    const wall = yield* Clocks.wall
    const run = yield* FiberSet.makeRuntime<never>()

    let ready: Array<Leaving> = []
    let armed = false
    let departure: Timer | undefined
    /** When each unacknowledged report last left, and how often. */
    const published = new Map<string, Published>()
    /** Of each device the one that was told last. */
    const numbers = new Map<string, Numbered>()
    /**
     * The bus drops a name that it knows, and it may remember those of an earlier start: each telling has another, also of
     * what was acknowledged and is told once more.
     */
    const start = uuidV7(crypto, wall())
    let tellings = 0
    const nameOf = (id: string) => `${id}:${start}:${++tellings}`
    /** Behind which report the next look at the ledger begins: those that are never acknowledged keep nobody waiting. */
    let looked: ReportPlace | undefined

    const sender = (version = dialect.version()): Sender => ({
      lane,
      version,
      tenant: trust.tenant,
      epoch: trust.epoch,
      keyId: trust.keyId,
      cipher: trust.reportKey()
    })
    const validFrom = (millis: number): Validity => ({
      issuedAt: fromMillis(millis),
      expiresAt: fromMillis(millis + validMillis)
    })

    const giveBack = (batch: ReadonlyArray<Leaving>) => {
      for (const { returned } of batch) returned?.()
    }

    const flush = Effect.suspend(() => {
      const leaving = ready
      ready = []
      armed = false
      departure?.stop()
      departure = undefined
      return post(lane, trust.signingKey, leaving, (publishing, batch) =>
        Effect.sync(() => {
          run(Effect.catch(publishing, () => Effect.sync(() => giveBack(batch))))
          step("agent.reported")
        })
      )
    })

    const arm = () => {
      if (armed) return
      armed = true
      setImmediate(() => run(flush))
    }
    const armShortly = () => {
      departure ??= after(alongMillis, arm)
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => departure?.stop()))
    const enqueue = (leaving: Leaving, wake = arm) => {
      ready.push(leaving)
      wake()
    }

    /** It leaves with the next look at the ledger, under the same name. */
    const takeBack = (id: EventId, name: string) => {
      const last = published.get(id)
      if (last) published.set(id, { at: Number.NEGATIVE_INFINITY, times: last.times - 1, returned: name })
    }

    const publish = (reports: ReadonlyArray<LedgerReport>, now: number, wake = arm) => {
      for (const { bytes, id } of reports) {
        const last = published.get(id)
        const name = last?.returned ?? nameOf(id)
        published.set(id, { at: now, times: (last?.times ?? 0) + 1 })
        enqueue({ id: name, bytes, returned: () => takeBack(id, name) }, wake)
      }
    }

    const isDue = (last: Published | undefined, now: number) =>
      last === undefined || now - last.at > Math.min(repeatAfterMillis * 2 ** (last.times - 1), longestRepeatMillis)

    /** Written anew each time: the gateway's key or its version may be another one by now. */
    const tellNumbers = (now: number) => {
      if (dialect.version() < numbersSince) return
      const due = [...numbers.values()].filter(({ id }) => isDue(published.get(id), now))
      const reports = due.map(({ asOf, id, number, regarding }) => ({
        id,
        position: regarding.position,
        bytes: write(sender(), regarding, validFrom(now), { kind: "number", asOf, personal: { number } })
      }))
      publish(reports, now)
    }

    const repeat = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      tellNumbers(now)
      const waiting = yield* ledger.unacknowledged(repeatAtOnce, looked)
      looked = waiting.length < repeatAtOnce ? undefined : waiting.at(-1)
      const due = waiting.filter(({ id }) => isDue(published.get(id), now))
      const again = due.map((report) => renewed(trust, payloads, dialect.version(), report, now))
      const foreign = due.filter((_, i) => again[i] === undefined)
      if (foreign.length > 0) {
        yield* Effect.logInfo("reports about another epoch of the log are let go", { count: foreign.length })
        yield* ledger.acknowledged(foreign.map(({ id }) => id))
      }
      publish(
        again.filter((report) => report !== undefined),
        now
      )
    })
    yield* Effect.forkScoped(Effect.repeat(patience.surely(repeat), Schedule.spaced("5 seconds")))

    return {
      compose: (regarding, report) => {
        return {
          id: reportIdOf(crypto, regarding.commandId, regarding.attempt, stepOf(regarding, report)),
          position: regarding.position,
          bytes: write(sender(), regarding, validFrom(wall()), report)
        }
      },
      publish: (reports) => publish(reports, wall()),
      publishAlong: (reports) => publish(reports, wall(), armShortly),
      showCode: Effect.fnUntraced(function* (regarding, { code, expiresAt, method }) {
        const millis = yield* Clock.currentTimeMillis
        const bytes = write(sender(), regarding, validFrom(millis), {
          kind: "pairing_code",
          method,
          expiresAt: fromMillis(Date.parse(expiresAt)),
          personal: { code }
        })
        enqueue({ id: nameOf(regarding.commandId), bytes })
      }),
      showPresence: (device, { at, presence }) =>
        Effect.sync(() => {
          const name = uuidV7(crypto, toMillis(at))
          const regarding = { commandId: name, attempt: 1, position: 0n, device, subject: "-" }
          const bytes = write(sender(), regarding, validFrom(toMillis(at)), {
            kind: "presence",
            at,
            personal: presence
          })
          enqueue({ id: name, bytes })
        }),
      tell: ({ at, device, heard, id }, returned, name = nameOf(id)) => {
        const regarding = { commandId: id, attempt: 1, position: 0n, device, subject: "-" }
        const bytes = write(sender(), regarding, validFrom(wall()), { kind: "heard", at, personal: heard })
        enqueue({ id: name, bytes, returned: () => returned(name) })
      },
      tellNumber: (regarding, { asOf, number }) => {
        const id = reportIdOf(crypto, regarding.commandId, regarding.attempt, numberReportKey(asOf))
        const before = numbers.get(regarding.device)
        if (before !== undefined) published.delete(before.id)
        numbers.set(regarding.device, { id, regarding, asOf, number })
        tellNumbers(wall())
      },
      tellWitnessed: ({ commandId }, told) => {
        const regarding = { commandId, attempt: 1, position: 0n, device: "-", subject: "-" }
        enqueue({ id: nameOf(commandId), bytes: write(sender(), regarding, validFrom(wall()), told) })
      },
      ask: (question, heartbeat) => {
        const regarding = { commandId: question, attempt: 1, position: 0n, device: "-", subject: "-" }
        const bytes = write(sender(heartbeatsSince), regarding, validFrom(toMillis(heartbeat.at)), heartbeat)
        enqueue({ id: question, bytes })
      },
      acknowledged: (reports) => {
        for (const id of reports) published.delete(id)
        const taken = new Set(reports)
        for (const [device, { id }] of numbers) if (taken.has(id)) numbers.delete(device)
        step("agent.acknowledged")
        return ledger.acknowledged(reports)
      }
    }
  })
)
