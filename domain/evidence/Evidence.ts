import { Effect, Schema } from "effect"
import { fromBase64url } from "../Bytes.ts"
import { type AgentId, defaultTenant, type EventId } from "../Ids.ts"
import { PublicKeys } from "../identity/Trust.ts"
import type { JsonObject } from "../Json.ts"
import { type Answer, astray } from "../message/Answer.ts"
import { isGateways } from "../message/Codes.ts"
import {
  Message,
  type MessageEvent,
  notTheirs,
  type Queued,
  type ReportEvent,
  recorded,
  reportOf
} from "../message/Message.ts"
import { type Report, reportKey, type Status, statusOf } from "../message/Status.ts"
import { subjectOf } from "../ports/CommandBus.ts"
import { Crypto, type VerifyingKey } from "../ports/Crypto.ts"
import { EnvelopeRefused, type Header, isAttempt, type Verified, verifyBatch } from "../wire/Envelope.ts"
import { keyIdOf } from "../wire/Keys.ts"
import { type AgentReport, Undecodable } from "../wire/Protocol.ts"
import { SpokenVersions, versionOf } from "../wire/Versions.ts"

/** An event as it is told, with the signed bytes, base64url, that are to stand behind it. */
export interface ToldEvent {
  readonly id: string
  readonly type: string
  readonly revision: number
  readonly data: Readonly<Record<string, unknown>>
  readonly evidence?: string
}

/** All that is told of one message, oldest first. */
export interface History {
  readonly message: string
  readonly items: ReadonlyArray<ToldEvent>
}

/** Whose a public key is; `signing` is Ed25519, 32 raw bytes, base64url. */
export interface SigningKey {
  readonly agent: string
  readonly keyId: string
  readonly signing: string
}

/** Why evidence does not hold, in words. */
export const flaws = {
  malformed: "these bytes are no envelope",
  too_large: "these bytes are no envelope",
  unknown_key: "none of the keys at hand made the signature that it names",
  bad_signature: "the signature does not hold",
  not_signed: "an agent alone can say this, and its signature is missing",
  other_agent: "the key is another agent's",
  wrong_direction: "it is no report of an agent",
  wrong_lane: "what is signed was meant for another place than where reports of this agent go",
  other_log: "what is signed is for another log than what was signed before",
  unknown_version: "it is written in a version of the protocol that this release does not know",
  undecodable: "what is signed is no report about a message",
  other_message: "what is signed is about another message",
  other_command: "what is signed answers another command",
  other_device: "what is signed is about another device",
  other_recipient: "what is signed is about another recipient",
  other_claim: "what is signed says something else than the event",
  no_recipient: "what is signed is a receipt, and names no recipient",
  foreign_code: "what is signed gives a reason that is not an agent's to give",
  told_twice: "the same was told before",
  no_command: "what was accepted, which this would answer, is missing or cannot be read",
  other_recipients: "whose receipts are to count are others than whom it is for",
  unreadable_event: "the event was altered, or is of a newer release: this one cannot read it"
} as const
export type Flaw = keyof typeof flaws

/** What became of checking one event. */
export type Finding =
  /** Nobody signs it: it is the gateway's own word. */
  | { readonly _tag: "Unsigned" }
  | { readonly _tag: "Signed"; readonly header: Header }
  | { readonly _tag: "Refuted"; readonly flaw: Flaw }

export interface Judgement {
  readonly findings: ReadonlyArray<Finding>
  /** It begins with what was accepted, though that may not be readable, and each event says that it follows the one before. */
  readonly complete: boolean
  /** As all events tell it. */
  readonly status: Status
  /** As it follows from what is signed alone. */
  readonly signedStatus: Status
  /** `refuted`: something does not hold. `unsigned`: all holds, and the status rests on the gateway's own word. */
  readonly verdict: "signed" | "unsigned" | "refuted"
}

const unsigned: Finding = { _tag: "Unsigned" }
const refuted = (flaw: Flaw): Finding => ({ _tag: "Refuted", flaw })

/**
 * Checks a history with nothing at hand but public keys: that each signature holds, under a key of the agent that it names,
 * and that what is signed is what the event says, of this message, its command, its device and its recipient.
 */
export const examine = Effect.fnUntraced(function* ({ items, message }: History, keys: ReadonlyArray<SigningKey>) {
  const crypto = yield* Crypto
  const { reports } = yield* SpokenVersions
  const usable = usableKeys(crypto, keys)
  const events = items.map(readEvent)
  const queued = events[0]?.type === "message.queued" ? events[0] : undefined

  /** Of what a signature that holds stands behind. */
  const mismatch = (event: MessageEvent, { header, payload }: Verified, told: ToldEvent["data"]): Flaw | undefined => {
    if (!usable.some(({ agent, keyId }) => keyId === header.keyId && agent === header.agent)) return "other_agent"
    const version = versionOf("reports", header.direction)
    if (version === undefined) return "wrong_direction"
    if (version > reports.versions.length) return "unknown_version"
    const said = reports.read(version, payload)
    if (said instanceof Undecodable || said.kind !== "message" || !isAttempt(header.attempt)) return "undecodable"
    if (said.message !== message) return "other_message"
    if (queued === undefined) return "no_command"
    if (!isSentHere(header)) return "wrong_lane"
    const { device, recipient, recipients } = queued.data
    const asked = { command: queued.id, device, subject: recipient.address.subject, recipients }
    const other = astray(answerOf(header), said.recipient, asked)
    if (other !== undefined) return other
    if (!isReport(event) || !saysNoMore(event, told) || !saysTheSame(event, header, said)) return "other_claim"
    return notTheirs(reportOf(event))
  }

  const envelopes = items.map(({ evidence }) => bytesOf(evidence))
  const keyOf = (keyId: string) => usable.find((one) => one.keyId === keyId)?.key
  const answers = yield* verifyBatch(crypto, keyOf, envelopes)
  const isSignedFor = queued?.data.transport.name !== "cloud-api"
  const told = new Set<string>()
  let log: string | undefined
  const findings = items.map(({ data, evidence }, i): Finding => {
    const [answer, event] = [evidence === undefined ? undefined : answers[i]!, events[i]]
    if (answer instanceof EnvelopeRefused) return refuted(answer.reason)
    if (event === undefined) return refuted("unreadable_event")
    if (answer === undefined && isForOthers(event)) return refuted("other_recipients")
    if (answer === undefined && isSignedFor && isAgentsWord(event)) return refuted("not_signed")
    const flaw = answer && mismatch(event, answer, data)
    if (flaw !== undefined) return refuted(flaw)
    const claim = isReport(event) ? reportKey(reportOf(event)) : event.type
    if (told.has(claim)) return refuted("told_twice")
    told.add(claim)
    if (answer === undefined) return unsigned
    log ??= logOf(answer.header)
    return logOf(answer.header) === log ? { _tag: "Signed", header: answer.header } : refuted("other_log")
  })

  const begins = items.length > 0 && (events[0] === undefined || queued !== undefined)
  const complete = begins && items.every(({ revision }, i) => revision === i)
  const reported = events.flatMap((event, i) => (event && isReport(event) ? [{ event, finding: findings[i]! }] : []))
  const signed = reported.filter(({ finding }) => finding._tag === "Signed")
  const status = statusAfter(queued?.data, reported)
  const signedStatus = statusAfter(queued?.data, signed)
  const holds = complete && findings.every(({ _tag }) => _tag !== "Refuted")
  const verdict = !holds ? "refuted" : signed.length > 0 && status === signedStatus ? "signed" : "unsigned"
  return { findings, complete, status, signedStatus, verdict } satisfies Judgement
})

/** Where a gateway takes reports of this agent; it takes none from elsewhere. */
const isSentHere = ({ agent, lane, tenant }: Header): boolean =>
  tenant === defaultTenant && lane === subjectOf({ kind: "reports", agent: agent as AgentId })

/** Which log it is for; its epoch may have been raised since the report before. */
const logOf = ({ epoch }: Header): string => epoch.slice(0, epoch.lastIndexOf(":"))

const answerOf = ({ commandId: command, device, subject }: Header): Answer => ({ command, device, subject })

/** What the gateway concludes by itself, of what no agent has or speaks of, has a code of its own. */
const isAgentsWord = (event: MessageEvent): boolean =>
  isReport(event) && !("code" in event.data && isGateways(event.data.code) && event.data.recipient === undefined)

/** Receipts of one person are its own: with others to wait for, what is signed would come to another status. */
const isForOthers = (event: MessageEvent): boolean => {
  if (event.type !== "message.queued") return false
  const { recipient, recipients } = event.data
  const [only] = recipients
  const isOne = recipient.kind !== "group" && recipient.kind !== "channel"
  return isOne && (recipients.length > 1 || only !== recipient.address.subject)
}

const isReport = (event: MessageEvent): event is ReportEvent => event.type !== "message.queued"

const readEvent = ({ data, id, type }: ToldEvent): MessageEvent | undefined => {
  try {
    return Message.read({ eventId: id as EventId, type, data: data as JsonObject })
  } catch {
    return undefined
  }
}

const nothing = new Uint8Array(0)
const bytesOf = (evidence: string | undefined): Uint8Array => {
  try {
    return evidence === undefined ? nothing : fromBase64url(evidence)
  } catch {
    return nothing
  }
}

interface UsableKey extends SigningKey {
  readonly key: VerifyingKey
}

const isPublicKey = Schema.is(PublicKeys.fields.signing)

/** A key's id is of its own making: under another it is somebody's mistake, or somebody's hope. */
const usableKeys = (crypto: Crypto["Service"], keys: ReadonlyArray<SigningKey>): ReadonlyArray<UsableKey> =>
  keys.flatMap((key) => {
    if (!isPublicKey(key.signing)) return []
    const signing = fromBase64url(key.signing)
    return keyIdOf(crypto, signing) === key.keyId ? [{ ...key, key: crypto.verifyingKey(signing) }] : []
  })

/** Reading an event leaves out what it does not know. */
const saysNoMore = (event: ReportEvent, told: ToldEvent["data"]): boolean =>
  Object.keys(told).every((member) => member in event.data)

type MessageReport = Extract<AgentReport, { kind: "message" }>

const saysTheSame = (
  event: ReportEvent,
  { attempt }: Header,
  { at, claim, code, recipient }: MessageReport
): boolean => {
  const report: Report = {
    kind: claim,
    attempt: Number(attempt),
    ...(recipient !== undefined && { recipient }),
    ...(code !== undefined && { code })
  }
  return event.data.at === at && reportKey(reportOf(event)) === reportKey(reportOf(recorded(report, at)))
}

const statusAfter = (queued: Queued | undefined, told: ReadonlyArray<{ readonly event: ReportEvent }>): Status =>
  statusOf(
    told.map(({ event }) => reportOf(event)),
    queued?.recipients ?? []
  )
