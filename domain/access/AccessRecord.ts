import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { type AccessRecordId, ApiKeyId, ClientId } from "../Ids.ts"
import { Instant } from "../Instant.ts"

// Events

/** What it was done to: a word for a kind of resource, of ours. Never whose data it is. */
const Kind = Schema.String.check(Schema.isPattern(/^[a-z]+(?:_[a-z]+){0,3}$/))

const counted = {
  /** How often, from then until it was recorded. */
  count: Schema.Natural,
  since: Instant
}
const done = Schema.Struct({
  client: ClientId,
  /** Those of its keys by which it was done; a session counts as its key. */
  keys: Schema.Array(ApiKeyId),
  of: Kind,
  ...counted
})
const refused = Schema.Struct({
  /** Whose key it had been; absent where it named none. */
  client: Schema.optionalKey(ClientId),
  ...counted
})

const events = {
  "access.read": released(done),
  "access.exported": released(done),
  "access.redriven": released(done),
  "access.erased": released(done),
  "access.login_refused": released(refused)
}
export type AccessEvent = EventOf<typeof events>
export type Deed = "read" | "exported" | "redriven" | "erased"

// Commands

export interface Record {
  readonly _tag: "Record"
  readonly events: ReadonlyArray<AccessEvent>
}

export class AccessRejected extends Schema.TaggedError<AccessRejected>()("AccessRejected", {}) {}

// State

export type AccessState = { readonly _tag: "Nothing" } | { readonly _tag: "Recorded" }

const decider: Decider<AccessState, Record, AccessEvent, AccessRejected> = {
  initialState: { _tag: "Nothing" },
  decide: ({ events }, state) => Result.succeed(state._tag === "Nothing" ? events : []),
  evolve: () => ({ _tag: "Recorded" })
}

/** What one client did that is written down, of one minute at most: each is a stream of its own, and none grows. */
export const AccessRecord: Aggregate<AccessRecordId, AccessState, Record, AccessEvent, AccessRejected> = aggregate({
  category: "access",
  events,
  decider,
  isSettled: () => true
})
