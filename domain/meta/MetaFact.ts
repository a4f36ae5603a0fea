import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { BatchId, BlobId, type InboundId, MetaApp, SubjectId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"

/** A fact of Meta's: one thing that it told of a number or an account, recorded once. It refers to no state. */

const word = Schema.String.check(Schema.isMaxLength(128))

export const ReceivedOfMeta = Schema.Struct({
  source: Schema.Struct({ kind: Schema.Literal("meta"), app: MetaApp }),
  /** The WhatsApp Business Account, and the number within it, by Meta's ids. */
  account: Schema.optionalKey(word),
  phoneNumberId: Schema.optionalKey(word),
  /** Of the change, in Meta's words. */
  field: word,
  /** `message`, `status` …; what a newer release takes apart, this one passes on. */
  kind: word,
  /** Whom it is with: keyed digests of every name that Meta had for them, the same as those of other sources. */
  person: Schema.optionalKey(
    Schema.Struct({
      names: Schema.Array(SubjectId).check(Schema.isMinLength(1), Schema.isMaxLength(2)),
      address: sealedAs("address")
    })
  ),
  /** Where several speak. */
  group: Schema.optionalKey(SubjectId),
  /** Of a message that this account sent: what became of it. */
  status: Schema.optionalKey(word),
  /** Keyed digests of Meta's ids of the message that it is, and of the one that it is about: by these, views join. */
  message: Schema.optionalKey(Schema.String),
  target: Schema.optionalKey(Schema.String),
  /** What Meta said, in its shape, with this alone. Longer than an event may be, it stands in a blob. */
  change: Schema.optionalKey(sealedAs("change")),
  blob: Schema.optionalKey(BlobId),
  /** A keyed digest of what it says: the same told again has the same one. */
  contentDigest: Schema.String,
  /** Another fact has the same name with Meta, and says something else. */
  conflicting: Schema.optionalKey(Schema.Literal(true)),
  /** From before the number came to the Cloud API. */
  isHistory: Schema.optionalKey(Schema.Literal(true)),
  /** Sent by the account itself, from its phone. */
  fromMe: Schema.optionalKey(Schema.Literal(true)),
  /** By Meta's clock. */
  sentAt: Schema.optionalKey(Instant),
  /** By the gateway's. */
  receivedAt: Instant,
  /** In which request it came first. */
  batch: BatchId
})
export type MetaReceived = typeof ReceivedOfMeta.Type

const events = { "meta.received": released(ReceivedOfMeta) }
export type MetaFactEvent = EventOf<typeof events>

export type MetaFactCommand = { readonly _tag: "Receive"; readonly fact: MetaReceived }

export class MetaFactRejected extends Schema.TaggedError<MetaFactRejected>()("MetaFactRejected", {
  /** Recorded under this id is something else. */
  reason: Schema.Literal("other_content")
}) {}

export type MetaFactState = { readonly contentDigest: string | undefined }

const decider: Decider<MetaFactState, MetaFactCommand, MetaFactEvent, MetaFactRejected> = {
  initialState: { contentDigest: undefined },
  decide: ({ fact }, { contentDigest }) => {
    if (contentDigest === undefined) return Result.succeed([{ type: "meta.received", data: fact }])
    if (contentDigest === fact.contentDigest) return Result.succeed([])
    return Result.fail(new MetaFactRejected({ reason: "other_content" }))
  },
  evolve: (_, { data: { contentDigest } }) => ({ contentDigest })
}

export const MetaFact: Aggregate<InboundId, MetaFactState, MetaFactCommand, MetaFactEvent, MetaFactRejected> =
  aggregate({ category: "meta", events, decider, isSettled: () => true })
