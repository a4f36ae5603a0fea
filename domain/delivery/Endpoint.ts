import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { DeviceId, type EndpointId, type EventId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"

/** A customer's address that is told what happens, and what of it. */

// Events

/** What deliveries are signed with: a key for HMAC and a seed for Ed25519, as `Secret` in canonical JSON. */
export const signing = Schema.Struct({
  id: Schema.String,
  /** Of Ed25519, base64url. */
  publicKey: Schema.String,
  box: sealedAs("secret")
})
export type Signing = typeof signing.Type

/** How deliveries are written and signed. */
export const formats = [
  /** CloudEvents, signed as Standard Webhooks has it. */
  "standard",
  /** As wa-gateway-go has it: `event`, `token`, `data`, `timestamp`, and `X-Webhook-Signature`. */
  "wa-gateway"
] as const
export type Format = (typeof formats)[number]

const wanted = {
  url: sealedAs("url"),
  /** Of public events; none: all. */
  types: Schema.Array(Schema.String),
  /** Of one device alone. */
  device: Schema.NullOr(DeviceId),
  /** Whether it may read numbers, names and texts. */
  personal: Schema.Boolean
}
const created = Schema.Struct({
  ...wanted,
  /** Without it: `standard`. */
  format: Schema.optionalKey(Schema.Literals(formats)),
  /** How long an attempt may take, if not as long as any. */
  timeoutMillis: Schema.optionalKey(Schema.Natural),
  secret: signing
})
export type Created = typeof created.Type

/** What is not said stays. */
const updated = Schema.Struct({
  url: Schema.optionalKey(wanted.url),
  types: Schema.optionalKey(wanted.types),
  device: Schema.optionalKey(wanted.device),
  personal: Schema.optionalKey(wanted.personal),
  timeoutMillis: Schema.optionalKey(Schema.Natural)
})
export type Updated = typeof updated.Type

const rotated = Schema.Struct({
  secret: signing,
  /** Until when the one before signs as well; whatever came before that signs no more. */
  until: Instant
})

export const disablings = [
  "operator",
  /** It answered 410: it wants nothing any more. */
  "gone",
  /** Nothing has arrived for days. */
  "failing",
  /** More waits for it than is kept. */
  "backlog"
] as const
export type Disabling = (typeof disablings)[number]

const events = {
  "endpoint.created": released(created),
  "endpoint.updated": released(updated),
  "endpoint.secret_rotated": released(rotated),
  "endpoint.disabled": released(Schema.Struct({ reason: Schema.Literals(disablings) })),
  "endpoint.enabled": released(Schema.Struct({})),
  "endpoint.removed": released(Schema.Struct({}))
}
export type EndpointEvent = EventOf<typeof events>

// Commands

export type EndpointCommand =
  | { readonly _tag: "Create"; readonly created: Created }
  | { readonly _tag: "Update"; readonly updated: Updated }
  | { readonly _tag: "Rotate"; readonly secret: Signing; readonly until: Instant }
  /** `aimedBy`: only if it was neither enabled nor moved since this event. */
  | { readonly _tag: "Disable"; readonly reason: Disabling; readonly aimedBy?: EventId }
  | { readonly _tag: "Enable" }
  | { readonly _tag: "Remove" }

export class EndpointRejected extends Schema.TaggedError<EndpointRejected>()("EndpointRejected", {
  reason: Schema.Literals(["exists", "not_there"])
}) {}

// State

export type EndpointState =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Removed" }
  | {
      readonly _tag: "Endpoint"
      readonly disabled: Disabling | null
      /** Created, enabled or moved last. */
      readonly aimedBy: EventId | undefined
      readonly secrets: ReadonlyArray<string>
    }

type Decision = Result.Result<ReadonlyArray<EndpointEvent>, EndpointRejected>
const accept = (...events: ReadonlyArray<EndpointEvent>): Decision => Result.succeed(events)
const reject = (reason: EndpointRejected["reason"]): Decision => Result.fail(new EndpointRejected({ reason }))

const decider: Decider<EndpointState, EndpointCommand, EndpointEvent, EndpointRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Create") {
      return state._tag === "Nothing" ? accept({ type: "endpoint.created", data: command.created }) : reject("exists")
    }
    if (state._tag === "Removed" && command._tag === "Remove") return accept()
    if (state._tag !== "Endpoint") return reject("not_there")
    switch (command._tag) {
      case "Update":
        return Object.keys(command.updated).length === 0
          ? accept()
          : accept({ type: "endpoint.updated", data: command.updated })
      case "Rotate": {
        const { secret, until } = command
        if (state.secrets.includes(secret.id)) return accept()
        return accept({ type: "endpoint.secret_rotated", data: { secret, until } })
      }
      case "Disable": {
        const { aimedBy = state.aimedBy, reason } = command
        if (aimedBy !== state.aimedBy) return accept()
        // an operator may mean one to stay disabled that the gateway has disabled: nobody has to look after it any more
        const isNew = state.disabled === null || (reason === "operator" && state.disabled !== reason)
        return isNew ? accept({ type: "endpoint.disabled", data: { reason } }) : accept()
      }
      case "Enable":
        return state.disabled === null ? accept() : accept({ type: "endpoint.enabled", data: {} })
      case "Remove":
        return accept({ type: "endpoint.removed", data: {} })
    }
  },

  evolve: (state, event) => {
    if (event.type === "endpoint.created") {
      return { _tag: "Endpoint", disabled: null, aimedBy: event.id, secrets: [event.data.secret.id] }
    }
    if (state._tag !== "Endpoint") return state
    switch (event.type) {
      case "endpoint.updated":
        return event.data.url === undefined ? state : { ...state, aimedBy: event.id }
      case "endpoint.secret_rotated":
        return { ...state, secrets: [...state.secrets, event.data.secret.id] }
      case "endpoint.disabled":
        return { ...state, disabled: event.data.reason }
      case "endpoint.enabled":
        return { ...state, disabled: null, aimedBy: event.id }
      case "endpoint.removed":
        return { _tag: "Removed" }
    }
  }
}

export const Endpoint: Aggregate<EndpointId, EndpointState, EndpointCommand, EndpointEvent, EndpointRejected> =
  aggregate({ category: "endpoint", events, decider, isSettled: ({ _tag }) => _tag === "Removed" })
