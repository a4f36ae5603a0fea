import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { DeviceId, type MessageId, SubjectId, WaMessageId } from "../Ids.ts"
import { Instant, toMillis } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"
import { type Answer, type Asked, astray } from "./Answer.ts"
import { isReportable, type MessageCode, type MessageCodeOf } from "./Codes.ts"
import { RecipientKind, Recipients } from "./Recipient.ts"
import { isSettled, type Report, type ReportKind, receipts, reportKey, type Status, statusOf } from "./Status.ts"

// Events

const content = { body: sealedAs("content") }
const accepted = {
  device: DeviceId,
  recipient: Schema.Struct({ kind: RecipientKind, address: sealedAs("recipient") }),
  /** Whose receipts count: one for a chat, the members for a group. */
  recipients: Recipients,
  /** A keyed digest of what was asked for: the same request again has the same one. */
  contentDigest: Schema.String,
  expiresAt: Instant,
  tags: Schema.Record(Schema.String, Schema.String)
}
const queuedV1 = Schema.Struct({
  ...accepted,
  content: Schema.Struct({ ...content, kind: Schema.Literal("text") }),
  waMessageId: WaMessageId,
  transport: Schema.Literal("whatsapp-web")
})
const queued = Schema.Struct({
  ...accepted,
  /** Of any kind: what a newer release lets say, this one cannot show, but it goes its way. */
  content: Schema.Struct({ ...content, kind: Schema.String }),
  transport: Schema.Union([
    /** Its id is chosen here, before the first try. */
    Schema.Struct({ name: Schema.Literal("whatsapp-web"), messageId: WaMessageId }),
    /** Its id is chosen there: whoever sent it is told, later. */
    Schema.Struct({ name: Schema.Literal("cloud-api") })
  ]),
  /** The fact or message that it replies to, and what is shown of that. */
  replyTo: Schema.optionalKey(Schema.Struct({ id: Schema.String, quote: sealedAs("quote") }))
})
export type Queued = typeof queued.Type

const renewed = ({ transport: name, waMessageId: messageId, ...same }: typeof queuedV1.Type): Queued => ({
  ...same,
  transport: { messageId, name }
})
/** In the order of canonical JSON, as the newest is: then it is written without sorting. */
const former = ({ content: { body, kind }, replyTo, transport, ...same }: Queued): typeof queuedV1.Type | undefined =>
  transport.name === "whatsapp-web" && kind === "text" && replyTo === undefined
    ? { content: { body, kind }, ...same, transport: transport.name, waMessageId: transport.messageId }
    : undefined

const report = {
  attempt: Schema.Natural,
  /** By the clock of whoever reports. */
  at: Instant,
  recipient: Schema.optionalKey(SubjectId),
  /** The agent's signed bytes, base64url; absent when the gateway itself concludes. */
  evidence: Schema.optionalKey(Schema.String)
}
const plain = Schema.Struct(report)
const coded = Schema.Struct({ ...report, code: Schema.String })

const events = {
  "message.queued": released(queuedV1).upcoming(queued, renewed, former),
  "message.attempting": released(plain),
  "message.sent": released(plain),
  "message.failed": released(coded),
  "message.expired": released(plain),
  "message.unknown": released(coded),
  "message.delivered": released(plain),
  "message.read": released(plain),
  "message.played": released(plain)
}
export type MessageEvent = EventOf<typeof events>
export type ReportEvent = Exclude<MessageEvent, { readonly type: "message.queued" }>

// Commands: already decoded at the boundary.

export type MessageCommand =
  | { readonly _tag: "Queue"; readonly queued: Queued }
  | {
      readonly _tag: "Record"
      /** `device` is one of whoever reports: an agent has no say in another's messages. */
      readonly answer: Answer
      readonly report: Report
      readonly at: Instant
      /** By the gateway's own clock. */
      readonly now: Instant
      readonly evidence?: string
    }
  /** The time to send it has passed and nobody said what became of it. */
  | { readonly _tag: "GiveUp"; readonly at: Instant; readonly attempt: number }
  /** What it says or whom it is for cannot be read, so it is not issued. `issued`: it may have been, before. */
  | { readonly _tag: "Withhold"; readonly at: Instant; readonly code: WithheldCode; readonly issued: boolean }

export class MessageRejected extends Schema.TaggedError<MessageRejected>()("MessageRejected", {
  reason: Schema.Literals([
    "other_content",
    "not_queued",
    "other_device",
    "other_command",
    "other_recipient",
    "no_recipient",
    "not_expired",
    "foreign_code"
  ])
}) {}

// State: only what `decide` needs to know.

export type MessageState =
  | { readonly _tag: "Nothing" }
  | (Asked & {
      readonly _tag: "Queued"
      readonly contentDigest: string
      readonly expiresAt: Instant
      readonly reports: ReadonlyMap<string, Report>
    })

export const status = (state: MessageState): Status =>
  state._tag === "Nothing" ? "queued" : statusOf([...state.reports.values()], state.recipients)

/** Why a message that was accepted is not issued. */
export type WithheldCode = MessageCodeOf<"key_lost" | "erased" | "damaged">
const unspecified: MessageCode = "unspecified"
export const noReport: MessageCode = "no_report"

type Decision = Result.Result<ReadonlyArray<MessageEvent>, MessageRejected>
const accept = (...events: ReadonlyArray<MessageEvent>): Decision => Result.succeed(events)
const reject = (reason: MessageRejected["reason"]): Decision => Result.fail(new MessageRejected({ reason }))

/** The event that records this claim. */
export const recorded = (
  { kind, attempt, recipient, code = unspecified }: Report,
  at: Instant,
  evidence?: string
): ReportEvent => {
  const told = {
    ...(evidence !== undefined && { evidence }),
    ...(recipient !== undefined && { recipient })
  }
  return kind === "failed" || kind === "unknown"
    ? { type: `message.${kind}`, data: { at, attempt, code, ...told } }
    : { type: `message.${kind}`, data: { at, attempt, ...told } }
}

/** The reporter's clock may be ahead of the gateway's, and a process's of another's. */
const clockToleranceMillis = 5 * 60_000

/** Why this is no reporter's word, whatever it is about: whoever verifies goes by it as well. */
export const notTheirs = ({ code, kind, recipient }: Report): "no_recipient" | "foreign_code" | undefined => {
  if (recipient === undefined && receipts.includes(kind)) return "no_recipient"
  return code !== undefined && !isReportable(code) ? "foreign_code" : undefined
}

/** Why no reporter may say this of the message: it answers something else, or the word is not theirs to say. */
const refusal = (
  { answer, now, report }: Extract<MessageCommand, { _tag: "Record" }>,
  state: Extract<MessageState, { _tag: "Queued" }>
): MessageRejected["reason"] | undefined => {
  const refused = astray(answer, report.recipient, state) ?? notTheirs(report)
  if (refused !== undefined) return refused
  const isEarly = report.kind === "expired" && toMillis(now) + clockToleranceMillis < toMillis(state.expiresAt)
  return isEarly ? "not_expired" : undefined
}

const decider: Decider<MessageState, MessageCommand, MessageEvent, MessageRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Queue") {
      if (state._tag === "Nothing") return accept({ type: "message.queued", data: command.queued })
      return state.contentDigest === command.queued.contentDigest ? accept() : reject("other_content")
    }
    if (state._tag === "Nothing") return reject("not_queued")
    if (command._tag === "Record") {
      const refused = refusal(command, state)
      if (refused !== undefined) return reject(refused)
      const event = recorded(command.report, command.at, command.evidence)
      return state.reports.has(reportKey(reportOf(event))) ? accept() : accept(event) // the same told again is no news
    }
    if (command._tag === "Withhold") {
      const { at, code, issued } = command
      if (state.reports.size > 0) return accept() // an agent has it, and says what becomes of it
      return accept(recorded({ kind: issued ? "unknown" : "failed", attempt: 1, code }, at, undefined))
    }
    const hasVerdict = !["queued", "attempting"].includes(status(state))
    if (hasVerdict || command.at < state.expiresAt) return accept()
    return accept(recorded({ kind: "unknown", attempt: command.attempt, code: noReport }, command.at, undefined))
  },

  evolve: (state, event) => {
    if (event.type === "message.queued") {
      const { contentDigest, device, expiresAt, recipient, recipients } = event.data
      const asked = { command: event.id, device, subject: recipient.address.subject, recipients }
      return { _tag: "Queued", ...asked, contentDigest, expiresAt, reports: new Map() }
    }
    if (state._tag === "Nothing") return state
    const told = reportOf(event)
    return { ...state, reports: new Map(state.reports).set(reportKey(told), told) }
  }
}

/** The claim that an event of this kind records. */
export const reportOf = (event: ReportEvent): Report => {
  const { attempt, recipient } = event.data
  return {
    kind: event.type.slice("message.".length) as ReportKind,
    attempt,
    ...(recipient !== undefined && { recipient }),
    ...("code" in event.data && { code: event.data.code })
  }
}

export const Message: Aggregate<MessageId, MessageState, MessageCommand, MessageEvent, MessageRejected> = aggregate({
  category: "message",
  events,
  decider,
  isSettled: (state) => isSettled(status(state))
})
