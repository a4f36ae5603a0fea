import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import type { RequestId } from "../Ids.ts"

// Events

/** Recorded before what was asked for is made, so that a repeat makes the same thing, or finds it. */
const accepted = Schema.Struct({
  /** Keyed, of what was asked for, in canonical JSON. */
  contentDigest: Schema.String,
  /** The id of what is made. */
  makes: Schema.String
})

const events = { "request.accepted": released(accepted) }
export type RequestEvent = EventOf<typeof events>

// Commands

export interface Accept extends Schema.Schema.Type<typeof accepted> {
  readonly _tag: "Accept"
}

export class RequestRejected extends Schema.TaggedError<RequestRejected>()("RequestRejected", {
  reason: Schema.Literals(["other_content"])
}) {}

// State

export type RequestState =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Accepted"; readonly contentDigest: string; readonly makes: string }

const decider: Decider<RequestState, Accept, RequestEvent, RequestRejected> = {
  initialState: { _tag: "Nothing" },
  decide: ({ contentDigest, makes }, state) => {
    if (state._tag === "Nothing") {
      return Result.succeed([{ type: "request.accepted", data: { contentDigest, makes } }])
    }
    if (state.contentDigest !== contentDigest) return Result.fail(new RequestRejected({ reason: "other_content" }))
    return Result.succeed([])
  },
  evolve: (_, { data }) => ({ _tag: "Accepted", ...data })
}

/** A request to make something, by its client and its idempotency key. */
export const Request: Aggregate<RequestId, RequestState, Accept, RequestEvent, RequestRejected> = aggregate({
  category: "request",
  events,
  decider,
  isSettled: () => true
})
