import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { BatchId, BlobId, type InboundId, MetaApp, SubjectId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"

/** A fact of another gateway's, which speaks for a session: one thing that it told, recorded once. It refers to no state. */

const word = Schema.String.check(Schema.isMaxLength(128))

export const ReceivedOfSession = Schema.Struct({
  source: Schema.Struct({ kind: Schema.Literal("session"), name: MetaApp }),
  /** For which session the source spoke, by its id there: what it is routed by. */
  account: word,
  /** What happened, in the source's words. */
  event: word,
  /** Whom it is with: a keyed digest, the same as that of other sources. */
  person: Schema.optionalKey(Schema.Struct({ names: Schema.Array(SubjectId), address: sealedAs("address") })),
  /** A keyed digest of the source's own id of it. */
  message: Schema.optionalKey(Schema.String),
  /** What it said, with this alone. Longer than an event may be, it stands in a blob. */
  payload: Schema.optionalKey(sealedAs("payload")),
  blob: Schema.optionalKey(BlobId),
  /** A keyed digest of what it says: the same told again has the same one. */
  contentDigest: Schema.String,
  /** Another fact has the same name with the source, and says something else. */
  conflicting: Schema.optionalKey(Schema.Literal(true)),
  fromMe: Schema.optionalKey(Schema.Literal(true)),
  /** By the source's clock. */
  sentAt: Schema.optionalKey(Instant),
  /** By the gateway's. */
  receivedAt: Instant,
  /** In which request it came first. */
  batch: BatchId
})
export type SessionReceived = typeof ReceivedOfSession.Type

const events = { "session.received": released(ReceivedOfSession) }
export type SessionFactEvent = EventOf<typeof events>

export type SessionFactCommand = { readonly _tag: "Receive"; readonly fact: SessionReceived }

export class SessionFactRejected extends Schema.TaggedError<SessionFactRejected>()("SessionFactRejected", {
  /** Recorded under this id is something else. */
  reason: Schema.Literal("other_content")
}) {}

export type SessionFactState = { readonly contentDigest: string | undefined }

const decider: Decider<SessionFactState, SessionFactCommand, SessionFactEvent, SessionFactRejected> = {
  initialState: { contentDigest: undefined },
  decide: ({ fact }, { contentDigest }) => {
    if (contentDigest === undefined) return Result.succeed([{ type: "session.received", data: fact }])
    if (contentDigest === fact.contentDigest) return Result.succeed([])
    return Result.fail(new SessionFactRejected({ reason: "other_content" }))
  },
  evolve: (_, { data: { contentDigest } }) => ({ contentDigest })
}

export const SessionFact: Aggregate<
  InboundId,
  SessionFactState,
  SessionFactCommand,
  SessionFactEvent,
  SessionFactRejected
> = aggregate({ category: "session", events, decider, isSettled: () => true })
