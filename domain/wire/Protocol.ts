import { Effect, Schema } from "effect"
import { base64url, fromBase64url, fromUtf8, lengthPrefixed, utf8 } from "../Bytes.ts"
import { EventId, InboundId, MessageId, SubjectId, WaMessageId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { GatewayPin } from "../identity/Trust.ts"
import { Chat, Target } from "../inbound/Heard.ts"
import { Presence } from "../inbound/Presence.ts"
import { Quote } from "../inbound/Quote.ts"
import { WholeHeard } from "../inbound/Whole.ts"
import { Content } from "../message/content/Content.ts"
import { PhoneNumber, Recipient } from "../message/Recipient.ts"
import { reportKinds } from "../message/Status.ts"
import type { CipherKey, Crypto } from "../ports/Crypto.ts"
import { Traceparent } from "../tracing/Traceparent.ts"
import type { Header } from "./Envelope.ts"

/** What travels inside envelopes, as JSON. `box` holds the personal part, encrypted to the receiver. */

const base64 = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]*$/), Schema.isMaxLength(540_000))
export const WireBox = Schema.Struct({ iv: base64, box: base64 })
export type WireBox = typeof WireBox.Type

/** A tree head as a C2SP note, with signatures. */
const HeadNote = Schema.String.check(Schema.isMaxLength(16_384))
const HashPath = Schema.Array(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{43}$/))).check(
  Schema.isMaxLength(128)
)
/** What another witness cosigned last: `path` leads from it to the head that is to be cosigned. */
const CosignedBeside = Schema.Struct({
  publicKey: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{43}$/)),
  note: HeadNote,
  path: HashPath
})
export type CosignedBeside = typeof CosignedBeside.Type

/** Version 5. Where in which trace it was said. */
const traced = { trace: Schema.optionalKey(Traceparent) }

const send = { kind: Schema.Literal("send"), message: MessageId, waMessageId: WaMessageId, box: WireBox }

const orders = [
  Schema.Struct({ kind: Schema.Literal("pair"), box: WireBox }),
  /** The gateway's log holds these reports, or never will: the agent may let them go. */
  Schema.Struct({ kind: Schema.Literal("receipt"), reports: Schema.Array(EventId).check(Schema.isMaxLength(4_096)) })
] as const
const commandsSince2 = [
  /** Version 2. Answers the heartbeat that was asked under this id, by the gateway's clock. */
  Schema.Struct({
    kind: Schema.Literal("heartbeat"),
    asked: EventId,
    at: Instant,
    protocol: Schema.Natural
  }),
  /** Version 2. What the agent shall believe from now on, instead of what it pinned. */
  Schema.Struct({ kind: Schema.Literal("trust"), pin: GatewayPin })
] as const
const commandsSince3 = [
  /** Version 3. WhatsApp is to forget the device, and so is the agent: it reports `logged_out`. */
  Schema.Struct({ kind: Schema.Literal("unlink") }),
  /** Version 3. The device's session is to be opened again, if it has ended. */
  Schema.Struct({ kind: Schema.Literal("reconnect") }),
  /** Version 3. WhatsApp is to be told that the account has read what it heard: the agent reports `read_marked`. */
  Schema.Struct({ kind: Schema.Literal("read"), fact: InboundId, box: WireBox })
] as const
const commandsSince4 = [
  /**
   * Version 4. A signed head of the audit tree, to be cosigned: the agent reports `cosigned` or `head_refused`. `path`: that
   * its tree begins with the one of size `from`, which the agent cosigned last as far as the gateway knows; 0 for none.
   * `others`: the heads that the other witnesses cosigned.
   */
  Schema.Struct({
    kind: Schema.Literal("witness"),
    note: HeadNote,
    from: Schema.Natural,
    path: HashPath,
    others: Schema.optionalKey(Schema.Array(CosignedBeside).check(Schema.isMaxLength(64)))
  })
] as const
const commandsOfVersion1 = [Schema.Struct(send), ...orders] as const
const commandsOfVersion2 = [...commandsOfVersion1, ...commandsSince2] as const
const commandsOfVersion3 = [...commandsOfVersion2, ...commandsSince3] as const
export const AgentCommand = Schema.Union([
  Schema.Struct({ ...send, ...traced }),
  ...orders,
  ...commandsSince2,
  ...commandsSince3,
  ...commandsSince4
])
/** What a program that speaks no more than version 4 can read. */
export const AgentCommandV4 = Schema.Union([...commandsOfVersion3, ...commandsSince4])
/** What a program that speaks no more than version 3 can read. */
export const AgentCommandV3 = Schema.Union(commandsOfVersion3)
/** What a program that speaks no more than version 2 can read. */
export const AgentCommandV2 = Schema.Union(commandsOfVersion2)
/** What a program that speaks version 1 only can read. */
export const AgentCommandV1 = Schema.Union(commandsOfVersion1)
export type AgentCommand = typeof AgentCommand.Type

/** The personal part of `send`. `quote`: of version 3, what it replies to. */
export const SendBox = Schema.Struct({ to: Recipient, content: Content, quote: Schema.optionalKey(Quote) })
export type SendBox = typeof SendBox.Type
/** The personal part of `pair`. */
export const PairBox = Schema.Union([
  Schema.Struct({ method: Schema.Literal("qr") }),
  Schema.Struct({ method: Schema.Literal("code"), phone: PhoneNumber })
])

/** The personal part of `read`. */
export const ReadBox = Schema.Struct({ chat: Chat, target: Target })
export type ReadBox = typeof ReadBox.Type

/** The personal part of `number`. */
export const NumberBox = Schema.Struct({ number: PhoneNumber })

/** The personal part of `pairing_code`. */
export const CodeBox = Schema.Struct({ code: Schema.String.check(Schema.isMaxLength(2_048)) })

/** The personal part of `heard`. */
export const HeardBox = WholeHeard

/** The personal part of `presence`. */
export const PresenceBox = Presence

const told = {
  kind: Schema.Literal("message"),
  message: MessageId,
  claim: Schema.Literals(reportKinds),
  at: Instant,
  recipient: Schema.optionalKey(SubjectId),
  code: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64)))
}

const others = [
  Schema.Struct({
    kind: Schema.Literal("device"),
    change: Schema.Literals(["paired", "connected", "disconnected", "logged_out"]),
    /** Counts the reports about this device: the highest is the latest, however they arrive. */
    step: Schema.Natural,
    at: Instant,
    reason: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64)))
  }),
  /** Shown, never recorded: a code to pair with, and when it stops working. */
  Schema.Struct({
    kind: Schema.Literal("pairing_code"),
    method: Schema.Literals(["qr", "code"]),
    expiresAt: Instant,
    box: WireBox
  })
] as const
const reportsSince2 = [
  /** Version 2. Asks for the gateway's time, under the envelope's command id, and says how the agent is. */
  Schema.Struct({
    kind: Schema.Literal("heartbeat"),
    at: Instant,
    protocol: Schema.Natural,
    /** Of what it pinned. */
    revision: Schema.Natural,
    /** How many commands it refused since it began. */
    refused: Schema.Natural,
    /** How far its own clock was behind the gateway's at the last answer, in milliseconds; before one, absent. */
    offsetMillis: Schema.optionalKey(Schema.Int)
  })
] as const
const reportsSince3 = [
  /** Version 3. A device has heard something. The envelope's command id names this report. */
  Schema.Struct({ kind: Schema.Literal("heard"), at: Instant, box: WireBox }),
  /**
   * Version 3. The number of the account that the device is linked to, as of the report with this step. It is recorded
   * sealed, and without the bytes that the agent signed: those are no message's evidence, and would outlive an erasure.
   */
  Schema.Struct({ kind: Schema.Literal("number"), asOf: Schema.Natural, box: WireBox }),
  /** Version 3. WhatsApp was told that the account has read this. */
  Schema.Struct({ kind: Schema.Literal("read_marked"), fact: InboundId, at: Instant }),
  /** Version 3. Shown, never recorded: how somebody is seen by a device. */
  Schema.Struct({ kind: Schema.Literal("presence"), at: Instant, box: WireBox })
] as const
const reportsSince4 = [
  /** Version 4. The agent's cosignature of the head of this size, as a line of a C2SP note. */
  Schema.Struct({
    kind: Schema.Literal("cosigned"),
    size: Schema.Natural,
    line: Schema.String.check(Schema.isMaxLength(1_024))
  }),
  /**
   * Version 4. The agent cosigns no such head: both are named by their notes, which the gateway has signed. `forked`,
   * `rolled_back`: two histories. `behind`: the proof began at another size than was cosigned last. `older`: a head of a
   * moment ago, overtaken by a newer one. `alone`: another witness, which cosigned what is believed, has been silent for long.
   */
  Schema.Struct({
    kind: Schema.Literal("head_refused"),
    reason: Schema.Literals(["forked", "rolled_back", "behind", "older", "alone"]),
    offered: HeadNote,
    believed: HeadNote
  })
] as const
const reportsOfVersion1 = [Schema.Struct(told), ...others] as const
const reportsOfVersion2 = [...reportsOfVersion1, ...reportsSince2] as const
const reportsOfVersion3 = [...reportsOfVersion2, ...reportsSince3] as const
export const AgentReport = Schema.Union([
  Schema.Struct({ ...told, ...traced }),
  ...others,
  ...reportsSince2,
  ...reportsSince3,
  ...reportsSince4
])
/** What a program that speaks no more than version 4 can read. */
export const AgentReportV4 = Schema.Union([...reportsOfVersion3, ...reportsSince4])
/** What a program that speaks no more than version 3 can read. */
export const AgentReportV3 = Schema.Union(reportsOfVersion3)
/** What a program that speaks no more than version 2 can read. */
export const AgentReportV2 = Schema.Union(reportsOfVersion2)
/** What a program that speaks version 1 only can read. */
export const AgentReportV1 = Schema.Union(reportsOfVersion1)
export type AgentReport = typeof AgentReport.Type

const place = ({ agent, attempt, commandId, direction }: Header) =>
  lengthPrefixed("homing/box/1", direction, agent, commandId, attempt)

/** Encrypts the personal part to the receiver, bound to the envelope it leaves in. */
export const box = (crypto: Crypto["Service"], key: CipherKey, header: Header, personal: object): WireBox => {
  const sealed = crypto.encrypt(key, utf8(JSON.stringify(personal)), place(header))
  return { iv: base64url(sealed.iv), box: base64url(sealed.box) }
}

export class Undecodable extends Schema.TaggedError<Undecodable>()("Undecodable", {}) {}

/** Decodes at once: what is in order, as nearly everything is, costs no effect. The decoder's words may quote it. */
export const decoding = <A>(decode: () => A): Effect.Effect<A, Undecodable> => {
  try {
    return Effect.succeed(decode())
  } catch {
    return Effect.fail(new Undecodable())
  }
}

/** Opens a box with the key it was made with, and decodes it. Its content is never quoted in an error. */
export const unbox = <A>(
  crypto: Crypto["Service"],
  keys: ReadonlyArray<CipherKey>,
  header: Header,
  sealed: WireBox,
  decode: (input: unknown) => A
): Effect.Effect<A, Undecodable> =>
  decoding(() => {
    const encrypted = { iv: fromBase64url(sealed.iv), box: fromBase64url(sealed.box) }
    for (const key of keys) {
      const plain = crypto.decrypt(key, encrypted, place(header))
      if (plain !== undefined) return decode(JSON.parse(fromUtf8(plain)))
    }
    throw new Undecodable()
  })
