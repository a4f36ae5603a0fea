import { Context, type Effect, Schema } from "effect"
import { type DeviceId, MessageId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Content } from "#domain/message/content/Content.ts"
import type { Recipient } from "#domain/message/Recipient.ts"
import type { Status } from "#domain/message/Status.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Principal } from "../api/Principal.ts"
import type { Caller } from "../runtime/Caller.ts"
import { lags } from "../views/Readiness.ts"
import type { Unavailable } from "../views/Unavailable.ts"

export type Until = "sent" | "delivered" | "read"

export interface SendRequest {
  readonly idempotencyKey: string
  /** Another name under which an earlier release may have accepted this request. */
  readonly formerKey?: string
  readonly device: DeviceId
  readonly to: Recipient
  readonly content: Content
  /** The id of a fact, or of a message of the caller's own. */
  readonly replyTo?: string
  readonly confirm: { readonly until: Until; readonly timeoutMs: number }
  readonly expiresInSeconds: number
  readonly tags: Readonly<Record<string, string>>
  /** Where in which trace it is asked for; no part of what is asked. */
  readonly trace?: string
}

/** A message as its stream tells it. `to` and `content` are absent once their subject was erased, or its key is lost. */
export interface MessageDocument {
  readonly id: MessageId
  readonly status: Status
  readonly device: DeviceId
  readonly to: Recipient | undefined
  readonly content: Content | undefined
  readonly waMessageId: string | undefined
  readonly replyTo: string | undefined
  /** Why it failed. */
  readonly errorCode: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly expiresAt: Instant
}

export interface Sent {
  readonly document: MessageDocument
  /** This request, or one just like it, was made before. */
  readonly repeated: boolean
  /** What `confirm.until` asked for was reached, or it failed or expired. */
  readonly answered: boolean
}

export class DeviceUnknown extends Schema.TaggedError<DeviceUnknown>()("DeviceUnknown", {}) {}
export class DeviceUnpaired extends Schema.TaggedError<DeviceUnpaired>()("DeviceUnpaired", {}) {}
/** What is known here may be the past: what the views do not show of a device may be there all the same. */
export class Behind extends Schema.TaggedError<Behind>()("Behind", { lag: Schema.Literals(lags) }) {
  readonly retryAfterSeconds = 1
}
/** The same idempotency key was used for other content. */
export class OtherContent extends Schema.TaggedError<OtherContent>()("OtherContent", { message: MessageId }) {}
export class QueueFull extends Schema.TaggedError<QueueFull>()("QueueFull", { retryAfterSeconds: Schema.Natural }) {}

/** Too many requests wait for a confirmation already. */
export class WaitsFull extends Schema.TaggedError<WaitsFull>()("WaitsFull", { retryAfterSeconds: Schema.Natural }) {}

/** There is nothing under this id that can be replied to: by this caller, from this device. */
export class ReplyTargetUnknown extends Schema.TaggedError<ReplyTargetUnknown>()("ReplyTargetUnknown", {}) {}
export class ReplyInAnotherChat extends Schema.TaggedError<ReplyInAnotherChat>()("ReplyInAnotherChat", {}) {}

/** Why a message was not accepted. */
export type Refusal =
  | ReplyTargetUnknown
  | ReplyInAnotherChat
  | DeviceUnknown
  | DeviceUnpaired
  | Behind
  | OtherContent
  | QueueFull
  | WaitsFull

export interface MessagePage {
  readonly items: ReadonlyArray<MessageDocument>
  /** Where the next page begins; `undefined` after the last. */
  readonly next: bigint | undefined
}

/** Whose messages are read: those that a client queued itself, to be sent by these devices if not by any, or everybody's. */
export type Whose = "everybody" | Pick<Principal, "client" | "devices">

/** Everything the front door may do with messages. */
export class Messages extends Context.Service<
  Messages,
  {
    /** Accepts a message durably, then waits for what the caller asked to be confirmed, as long as it asked. */
    readonly send: (caller: Caller, request: SendRequest) => Effect.Effect<Sent, Refusal | Unavailable>

    /** The same for a request that was made before; `undefined` when it was not: then nothing is accepted. */
    readonly repeat: (caller: Caller, request: SendRequest) => Effect.Effect<Sent | undefined, Refusal | Unavailable>

    /** As if there were none, where it is another's. `upTo`: as the log had it then, by a place in it. */
    readonly find: (
      whose: Whose,
      id: MessageId,
      upTo?: bigint
    ) => Effect.Effect<MessageDocument | undefined, Unavailable>

    /** Everything recorded about the message, oldest first; empty when there is none. */
    readonly history: (whose: Whose, id: MessageId) => Effect.Effect<ReadonlyArray<RecordedEvent>, Unavailable>

    /** Newest first. `after` is the position of the last message of the page before; `behind`: only those behind that place. */
    readonly list: (filter: {
      readonly whose: Whose
      readonly status: Status | undefined
      readonly device: DeviceId | undefined
      readonly after: bigint | undefined
      readonly behind?: bigint | undefined
      readonly limit: number
    }) => Effect.Effect<MessagePage, Unavailable>

    /** Answers every open wait with what is known now; later ones do not wait. For a shutdown. */
    readonly releaseWaits: Effect.Effect<void>
  }
>()("homing/services/messages/Messages") {}
