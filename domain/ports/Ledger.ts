import { type Array, Context, type Effect, Schema } from "effect"
import type { DeviceId, EventId, MessageId, SubjectId, WaMessageId } from "../Ids.ts"
import type { Instant } from "../Instant.ts"
import type { Heard } from "../inbound/Heard.ts"
import type { Recipient } from "../message/Recipient.ts"
import type { Pairing } from "./WhatsApp.ts"

/**
 * `prepared` (never attempted, or certainly not sent) → `attempting` (durable before the socket is written) →
 * `acked`, `rejected` or `ambiguous`. `ambiguous` may be attempted again, always with the same bytes and WhatsApp id.
 * `expired`: its time passed before any attempt.
 */
export const ledgerStates = ["prepared", "attempting", "acked", "rejected", "ambiguous", "expired"] as const
export type LedgerState = (typeof ledgerStates)[number]

/** Where a command stands in the gateway's log: the ledger's key, since every command has its own position. */
export interface LedgerKey {
  /** The log's identity and epoch, as one string. */
  readonly epoch: string
  readonly position: bigint
}

/** One accepted command to send, for the whole life of its message. */
export interface LedgerEntry extends LedgerKey {
  readonly commandId: EventId
  /** The highest attempt seen of this command. */
  readonly attempt: number
  readonly message: MessageId
  readonly device: DeviceId
  readonly subject: SubjectId
  readonly waMessageId: WaMessageId
  readonly acceptedAt: Instant
  readonly expiresAt: Instant
  readonly state: LedgerState
  /** When the first attempt began; the window in which the ledger tries again by itself opens here. */
  readonly attemptedAt: Instant | undefined
  /** Where in which trace it was taken. */
  readonly trace?: string
  /** Personal: encrypted at rest. */
  readonly to: Recipient
  /** The encoded WhatsApp message that every try relays. Personal: encrypted at rest. */
  readonly bytes: Uint8Array
}

/**
 * A report as it is signed and published, kept until the gateway's acknowledgement names it. It holds nothing personal: what the
 * broker and the evidence may show, the ledger may keep as it is.
 */
export interface LedgerReport {
  readonly id: EventId
  /** Of the command it answers to. */
  readonly position: bigint
  /** The exact bytes to sign. */
  readonly bytes: Uint8Array
}

/** Where a report stands among the others. */
export type ReportPlace = Pick<LedgerReport, "position" | "id">

export interface LedgerChange extends LedgerKey {
  readonly state: LedgerState
  readonly at: Instant
  readonly reports: ReadonlyArray<LedgerReport>
}

/**
 * What becomes of a device's session at the next start: it is opened; it is opened to be logged out; or it is left alone,
 * because the device was logged out or its codes were given up.
 */
export type Standing = "open" | "leaving" | "closed"

/** Where a command stands, and which: it is named after the event there. */
export type LedgerPlace = Pick<LedgerEntry, "position" | "commandId">

/** A device this agent holds, and the command about it that came last. */
export interface LedgerDevice extends LedgerKey {
  readonly device: DeviceId
  readonly commandId: EventId
  readonly attempt: number
  /** Asked for and not completed yet. Personal when by code: encrypted at rest. */
  readonly pairing: Pairing | undefined
  readonly standing: Standing
  /** How many reports were made about this device: the next one's step. */
  readonly reported: number
}

/** What a device heard, as it waits for the gateway. */
export interface HeardFact {
  /** Names its report, and follows from what was heard: what WhatsApp offers once more has the same. */
  readonly id: EventId
  readonly device: DeviceId
  readonly at: Instant
  /** Personal: encrypted at rest. */
  readonly heard: Heard
}

/** What was before a device was linked waits by itself: as much as it is, what is said now does not stand behind it. */
export type Lane = "live" | "history"

/** A fact without what it says. */
export interface HeardPlace {
  readonly id: EventId
  /** Grows with the order in which facts were heard. */
  readonly place: number
  /** A keyed digest of the device and its chat: facts of one chat and lane are told one after the other. */
  readonly chat: string
  readonly lane: Lane
}

export class LedgerUnavailable extends Schema.TaggedError<LedgerUnavailable>()("LedgerUnavailable", {
  cause: Schema.Defect()
}) {}

type Outcome<A> = Effect.Effect<A, LedgerUnavailable>

/** The part of the agent's ledger that keeps what devices heard until the gateway's acknowledgement names it. */
export interface HeardFacts {
  /**
   * Durable when it returns; answers with the places of those that were not there. Bounded in bytes: what has no room lets
   * the oldest go, of history as long as there is any, and `forgotten` names them.
   */
  readonly keep: (
    facts: Array.NonEmptyReadonlyArray<HeardFact>
  ) => Outcome<{ readonly places: ReadonlyArray<HeardPlace>; readonly forgotten: ReadonlyArray<EventId> }>
  /** The oldest of a lane, `limit` at most, from behind `after` on. */
  readonly waiting: (lane: Lane, limit: number, after: number) => Outcome<ReadonlyArray<HeardPlace>>
  /** `damaged`: it is not what was written. */
  readonly read: (place: number) => Outcome<HeardFact | "damaged" | undefined>
  /** Lets them go, with the next commit, one second later at most. */
  readonly acknowledged: (ids: ReadonlyArray<EventId>) => Effect.Effect<void>
}

/** The agent's write-ahead memory: the one place that decides whether WhatsApp may be written to. */
export class Ledger extends Context.Service<
  Ledger,
  {
    /**
     * Takes commands durably, in one commit, each with its own answer: `accepted` now; `known`, this command is here
     * already and keeps its state (its attempt is raised to the higher one); `contradicted`, another command holds its
     * place, or it is there with another device, subject, id or expiry. The guard against replays is this same write. A command that may have left in an earlier epoch, or was called
     * expired there and would not be now, is `known` too: a log restored from a copy issues it once more.
     */
    readonly accept: (
      entries: Array.NonEmptyReadonlyArray<LedgerEntry>
    ) => Outcome<ReadonlyArray<"accepted" | "known" | "contradicted">>

    /**
     * Durable when it returns; answers for each whether it took effect. A change of an unknown key does not. What is
     * `acked`, `rejected` or `expired` is tried no more, and only the server's word still changes it: never from `acked`,
     * which the server has, and then refuses another copy.
     */
    readonly change: (changes: Array.NonEmptyReadonlyArray<LedgerChange>) => Outcome<ReadonlyArray<boolean>>

    /** As `change`, but rides on the next commit, 50 milliseconds later at most: for what may wait a little. */
    readonly changeAlong: (changes: Array.NonEmptyReadonlyArray<LedgerChange>) => Outcome<ReadonlyArray<boolean>>

    /**
     * As `change`, but rides on the next commit, one second later at most; while nothing can be written it is kept and
     * offered again. For what a restart would find out again: what forbids a further try is not of that kind.
     */
    readonly changeSoon: (changes: Array.NonEmptyReadonlyArray<LedgerChange>) => Effect.Effect<void>

    /** Entries that are `prepared`, `attempting` or `ambiguous`, by position. Unavailable when one of them is damaged. */
    readonly unfinished: (epoch: string) => Outcome<ReadonlyArray<LedgerEntry>>

    /** By its WhatsApp id, of the latest epoch that has it; dies when that is damaged. What was deferred may be missing from its state. */
    readonly findSent: (waMessageId: string) => Outcome<LedgerEntry | undefined>

    /** Keeps reports that change no entry: that a try lasts. Durable when it returns; a known id is kept once. */
    readonly keep: (reports: Array.NonEmptyReadonlyArray<LedgerReport>) => Outcome<void>

    /** Reports without an acknowledgement, those of the oldest commands first, `limit` at most, from behind `after` on. */
    readonly unacknowledged: (limit: number, after?: ReportPlace) => Outcome<ReadonlyArray<LedgerReport>>

    /** Lets reports go, with the next commit, one second later at most. */
    readonly acknowledged: (ids: ReadonlyArray<EventId>) => Effect.Effect<void>

    /** The command of this epoch with the highest place, to send or about a device; `undefined` when it knows none. */
    readonly reached: (epoch: string) => Outcome<LedgerPlace | undefined>

    readonly devices: Outcome<ReadonlyArray<LedgerDevice>>

    /** Writes the device's record and keeps the reports about it, in one durable commit. */
    readonly saveDevice: (device: LedgerDevice, reports: ReadonlyArray<LedgerReport>) => Outcome<void>

    readonly facts: HeardFacts

    /**
     * Forgets entries of every epoch, whatever became of them, that were first attempted before `before` (accepted, if they
     * never were) and have expired by `now`; returns how many. Works in small commits, and the cost is that of what it forgets.
     */
    readonly purge: (before: Instant, now: Instant) => Outcome<number>

    /** Fails when nothing could be kept, as far as that can be told without: then nothing is taken, sent or settled. */
    readonly ready: Outcome<void>
  }
>()("homing/domain/ports/Ledger") {}
