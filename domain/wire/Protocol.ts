import { Effect, Schema } from "effect"
import { base64url, fromBase64url, fromUtf8, lengthPrefixed, utf8 } from "../Bytes.ts"
import { EventId, MessageId, SubjectId, WaMessageId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { Content, PhoneNumber, Recipient } from "../message/Content.ts"
import { reportKinds } from "../message/Status.ts"
import type { CipherKey, Crypto } from "../ports/Crypto.ts"
import type { Header } from "./Envelope.ts"

/** What travels inside envelopes, as JSON. `box` holds the personal part, encrypted to the receiver. */

const base64 = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]*$/), Schema.isMaxLength(540_000))
export const WireBox = Schema.Struct({ iv: base64, box: base64 })
export type WireBox = typeof WireBox.Type

export const AgentCommand = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("send"),
    message: MessageId,
    waMessageId: WaMessageId,
    box: WireBox
  }),
  Schema.Struct({ kind: Schema.Literal("pair"), box: WireBox }),
  /** The gateway's log holds these reports: the agent may let them go. */
  Schema.Struct({ kind: Schema.Literal("receipt"), reports: Schema.Array(EventId).check(Schema.isMaxLength(4_096)) })
])
export type AgentCommand = typeof AgentCommand.Type

/** The personal part of `send`. */
export const SendBox = Schema.Struct({ to: Recipient, content: Content })
export type SendBox = typeof SendBox.Type
/** The personal part of `pair`. */
export const PairBox = Schema.Union([
  Schema.Struct({ method: Schema.Literal("qr") }),
  Schema.Struct({ method: Schema.Literal("code"), phone: PhoneNumber })
])

/** The personal part of `pairing_code`. */
export const CodeBox = Schema.Struct({ code: Schema.String.check(Schema.isMaxLength(2_048)) })

export const AgentReport = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("message"),
    message: MessageId,
    claim: Schema.Literals(reportKinds),
    at: Instant,
    recipient: Schema.optionalKey(SubjectId),
    code: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64)))
  }),
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
])
export type AgentReport = typeof AgentReport.Type

const place = ({ agent, attempt, commandId, direction }: Header) =>
  lengthPrefixed("homing/box/1", direction, agent, commandId, attempt)

/** Encrypts the personal part to the receiver, bound to the envelope it leaves in. */
export const box = (crypto: Crypto["Service"], key: CipherKey, header: Header, personal: object): WireBox => {
  const sealed = crypto.encrypt(key, utf8(JSON.stringify(personal)), place(header))
  return { iv: base64url(sealed.iv), box: base64url(sealed.box) }
}

export class Undecodable extends Schema.TaggedError<Undecodable>()("Undecodable", {}) {}

/** Opens and decodes a box. Its content is never quoted in an error. */
export const unbox = <A>(
  crypto: Crypto["Service"],
  key: CipherKey,
  header: Header,
  sealed: WireBox,
  decode: (input: unknown) => A
): Effect.Effect<A, Undecodable> =>
  Effect.try({
    try: () => {
      const encrypted = { iv: fromBase64url(sealed.iv), box: fromBase64url(sealed.box) }
      const plain = crypto.decrypt(key, encrypted, place(header))
      if (plain === undefined) throw new Undecodable()
      return decode(JSON.parse(fromUtf8(plain)))
    },
    catch: () => new Undecodable()
  })

/** Decodes a verified payload. */
export const payloadReader = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownSync(schema)
  return (payload: Uint8Array): Effect.Effect<A, Undecodable> =>
    Effect.try({ try: () => decode(JSON.parse(fromUtf8(payload))), catch: () => new Undecodable() })
}

export const encodePayload = (payload: AgentCommand | AgentReport): Uint8Array => utf8(JSON.stringify(payload))
