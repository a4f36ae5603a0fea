import { Context, type Effect, Schema, type Stream } from "effect"
import type { DeviceId, WaMessageId } from "../Ids.ts"
import type { Instant } from "../Instant.ts"
import type { Chat, Heard, Target } from "../inbound/Heard.ts"
import type { Presence } from "../inbound/Presence.ts"
import type { Quote } from "../inbound/Quote.ts"
import type { MessageCodeOf } from "../message/Codes.ts"
import type { Content } from "../message/content/Content.ts"
import type { PhoneNumber, Recipient } from "../message/Recipient.ts"

/**
 * What became of one try to send. After the bytes may have left, nothing but the server's word settles it:
 * everything else is `unknown`, and may only be tried again under the same message id.
 */
export type SendOutcome =
  /** The server acknowledged our id, or a receipt for it was told as an event and taken: then nothing is left to tell. */
  | { readonly _tag: "Acked"; readonly at: Instant }
  /** The server refused our id; final. */
  | { readonly _tag: "Rejected"; readonly code: string; readonly at: Instant }
  /** Certainly never left. `final` when no later try can do better (the number is not on WhatsApp). */
  | { readonly _tag: "NotSent"; readonly reason: NotSentReason; readonly final: boolean }
  | { readonly _tag: "Unknown"; readonly reason: UnknownReason }

export type UnknownReason = MessageCodeOf<"ack_timeout" | "connection_lost" | "send_failed">

export type NotSentReason = MessageCodeOf<
  | "not_connected"
  | "recipient_not_on_whatsapp"
  | "lookup_failed"
  /** For none of the recipient's devices. */
  | "encryption_failed"
  | "not_paired"
  /** What time it is at the gateway, which decides whether the message has expired. */
  | "time_unknown"
>

export type Pairing = { readonly method: "qr" } | { readonly method: "code"; readonly phone: PhoneNumber }

/**
 * Why a connection ended. `logged_out`, `replaced`, `pairing_timeout` and `pairing_refused` after some offers, `banned`
 * and `locked` after some tries are final until a person acts; the rest is retried by the adapter. Only `logged_out`
 * forgets the credentials.
 */
export type DisconnectReason =
  | "connection_lost"
  | "server_closed"
  | "connect_timeout"
  | "refused"
  /** The credentials were not taken, and nothing says that the device was unlinked. */
  | "unauthorized"
  | "temporarily_banned"
  | "banned"
  /** WhatsApp wants something of the account's owner, at the phone. */
  | "locked"
  /** The server does not take what the adapter claims to be. */
  | "client_refused"
  /** The library threw: WhatsApp said something that it cannot bear, or it is a bug. */
  | "broken"
  /** The version of WhatsApp Web that the adapter claims to be is too old for the server. */
  | "outdated"
  | "restarting"
  | "replaced"
  | "logged_out"
  | "pairing_timeout"
  /** The server does not take a pairing code for this number, or not now. */
  | "pairing_refused"
  /** Its credentials cannot be read, or are not there though nobody has logged it out. Told by whoever opens sessions, too. */
  | "not_opened"

/** A message of ours, as it is found by its WhatsApp id. */
export interface SentMessage {
  readonly to: Recipient
  /** It was called failed or expired: who asks for it again is neither given it, nor believed that it left. */
  readonly isGivenUp: boolean
  /** What every try relays, while it may be given to a device that could not read it; `undefined` from then on. */
  readonly bytes: Effect.Effect<Uint8Array | undefined>
}

/** Why a word about one of our messages is not believed: it comes from nobody who may say it, or asks too late. */
export type WordRefusal = "foreign_receipt" | "foreign_retry" | "foreign_ack" | "late_retry"

/** What a device's session tells, in order. Codes are secrets with a short life: show them, never record them. */
export type SessionEvent = { readonly device: DeviceId } & (
  | { readonly _tag: "PairingCode"; readonly method: "qr" | "code"; readonly code: string; readonly expiresAt: Instant }
  | { readonly _tag: "Paired" }
  /** `number`: the account's own, if it is known. */
  | { readonly _tag: "Connected"; readonly number?: PhoneNumber }
  | { readonly _tag: "Disconnected"; readonly reason: DisconnectReason; readonly final: boolean }
  | {
      readonly _tag: "Receipt"
      readonly waMessageId: string
      /** `sent`: it came to a device that cannot read it, or to another one of the account's own. */
      readonly kind: "sent" | "delivered" | "read" | "played"
      readonly at: Instant
      /** To be run when the word is durable here. Until then WhatsApp is not told that we have it, and says it again. */
      readonly taken: Effect.Effect<void>
    }
  | {
      readonly _tag: "Heard"
      readonly heard: Heard
      /** To be run when it is durable here. Until then WhatsApp is not told that we have it, and offers it again. */
      readonly taken: Effect.Effect<void>
      /** To be run instead when it cannot be: what was heard later does not wait for it. */
      readonly refused: Effect.Effect<void>
    }
  /** How somebody is seen just now; told only where that is wanted, and not again. */
  | { readonly _tag: "Presence"; readonly presence: Presence }
  /** An acknowledgement nobody was waiting for any more: it came after the try had ended. */
  | { readonly _tag: "LateAck"; readonly waMessageId: string; readonly error?: string; readonly at: Instant }
  /** Somebody spoke, or asked for one of our messages, who may not. It stays without consequence. */
  | { readonly _tag: "Refused"; readonly reason: WordRefusal }
)

export class WhatsAppUnavailable extends Schema.TaggedError<WhatsAppUnavailable>()("WhatsAppUnavailable", {
  cause: Schema.Defect()
}) {}

/** The sessions of one agent. The only door to WhatsApp; nothing above it knows a JID. */
export class WhatsApp extends Context.Service<
  WhatsApp,
  {
    /**
     * Encodes content once, for a chat as that is known now: with the timer of one whose messages disappear. Every try for
     * one message relays exactly these bytes. Sessions need not be open.
     */
    readonly encode: (
      device: DeviceId,
      message: { readonly to: Recipient; readonly content: Content; readonly quote?: Quote | undefined }
    ) => Effect.Effect<Uint8Array>

    /**
     * Opens a device's session and keeps it open: reconnects by itself with backoff until log-out or replacement. With
     * `pairing`, a device without credentials asks to be paired and offers codes for some minutes; without it, or when
     * nobody has used them, such a device ends with a final `Disconnected`. `linked`: it has credentials as far as the
     * caller knows; when they are not there, and nobody has logged it out, it is not opened, and nothing is forgotten.
     * Opening an open session changes nothing.
     * `sent` finds the message that a word is about, to know whose word counts, and for a device that asks for it again.
     */
    readonly open: (
      device: DeviceId,
      options: {
        readonly pairing?: Pairing
        readonly linked?: boolean
        readonly sent: (waMessageId: string) => Effect.Effect<SentMessage | undefined>
      }
    ) => Effect.Effect<void, WhatsAppUnavailable>

    /**
     * Unlinks a device whose session is open: WhatsApp is told, as soon as the session is connected, and it ends with a
     * final `Disconnected`, `logged_out`. One that was never paired ends so at once. When it ends for another reason that
     * only a person can change, WhatsApp may not have heard. Its credentials are forgotten in any case.
     */
    readonly logOut: (device: DeviceId) => Effect.Effect<void>

    /** One try, under the given id. Never fails: the outcome says what is known. Ends within about 30 seconds. */
    readonly send: (
      device: DeviceId,
      message: { readonly waMessageId: WaMessageId; readonly to: Recipient; readonly bytes: Uint8Array }
    ) => Effect.Effect<SendOutcome>

    /**
     * Tells WhatsApp that the account has read what it heard; `false` when it is not known to have been told. What its
     * sender hears of it is for the account's settings to say. Told twice, it is as if it was told once.
     */
    readonly markRead: (
      device: DeviceId,
      message: { readonly chat: Chat; readonly target: Target }
    ) => Effect.Effect<boolean>

    /** Shows the recipient that somebody is writing, if their WhatsApp shows such things. Whatever comes of it. */
    readonly typing: (device: DeviceId, to: Recipient) => Effect.Effect<void>

    /** Everything sessions tell, from now on; one consumer. */
    readonly events: Stream.Stream<SessionEvent>
  }
>()("homing/domain/ports/WhatsApp") {}
