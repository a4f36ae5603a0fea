import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { ApiKeyId, ClientId, type LoginId } from "../Ids.ts"
import { Instant } from "../Instant.ts"

// Events

const granted = {
  client: ClientId,
  /** Under whose rights, as these are at each request. */
  key: ApiKeyId,
  /** Of what its holder presents and of the key, base64url: with another key in its place it opens nothing. */
  digest: Schema.String,
  expiresAt: Instant
}
const linkOffered = Schema.Struct(granted)
const loggedIn = Schema.Struct({ ...granted, by: Schema.Literals(["key", "link"]) })
export type LoggedIn = typeof loggedIn.Type
/** Told now and then: that a login is in use does not fill the log. */
const loginUsed = Schema.Struct({ at: Instant })
const loggedOut = Schema.Struct({
  client: ClientId,
  key: ApiKeyId,
  /** `asked` by its holder, `revoked` by somebody who may, `crowded` out by later ones, or `expired`. */
  reason: Schema.Literals(["asked", "revoked", "crowded", "expired"])
})
export type Ending = (typeof loggedOut.Type)["reason"]

const events = {
  /** Whoever presents it first, in time, is logged in. */
  "access.link_offered": released(linkOffered),
  "access.logged_in": released(loggedIn),
  "access.login_used": released(loginUsed),
  "access.logged_out": released(loggedOut)
}
export type LoginEvent = EventOf<typeof events>

// Commands

export type LoginCommand =
  | ({ readonly _tag: "Offer" } & typeof linkOffered.Type)
  | ({ readonly _tag: "LogIn"; readonly at: Instant } & LoggedIn)
  | { readonly _tag: "Use"; readonly at: Instant }
  | { readonly _tag: "LogOut"; readonly reason: Ending }

export class LoginRejected extends Schema.TaggedError<LoginRejected>()("LoginRejected", {
  reason: Schema.Literals(["exists", "link_over", "not_open"])
}) {}

// State

export type LoginState =
  | { readonly _tag: "Nothing" }
  | ({ readonly _tag: "Offered" } & typeof linkOffered.Type)
  | { readonly _tag: "Open"; readonly client: ClientId; readonly key: ApiKeyId }
  | { readonly _tag: "Over" }

type Decision = Result.Result<ReadonlyArray<LoginEvent>, LoginRejected>
const accept = (...events: ReadonlyArray<LoginEvent>): Decision => Result.succeed(events)
const reject = (reason: LoginRejected["reason"]): Decision => Result.fail(new LoginRejected({ reason }))

const decider: Decider<LoginState, LoginCommand, LoginEvent, LoginRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Offer") {
      const { _tag, ...data } = command
      return state._tag === "Nothing" ? accept({ type: "access.link_offered", data }) : reject("exists")
    }
    if (command._tag === "LogIn") {
      const { _tag, at, ...data } = command
      if (data.by === "key" && state._tag !== "Nothing") return reject("exists")
      if (data.by === "link" && !(state._tag === "Offered" && at < state.expiresAt)) return reject("link_over")
      return accept({ type: "access.logged_in", data })
    }
    if (command._tag === "Use") {
      return state._tag === "Open" ? accept({ type: "access.login_used", data: { at: command.at } }) : accept()
    }
    if (state._tag === "Over") return accept()
    if (state._tag !== "Open") return reject("not_open")
    const { client, key } = state
    return accept({ type: "access.logged_out", data: { client, key, reason: command.reason } })
  },

  evolve: (state, event) => {
    switch (event.type) {
      case "access.link_offered":
        return { _tag: "Offered", ...event.data }
      case "access.logged_in":
        return { _tag: "Open", client: event.data.client, key: event.data.key }
      case "access.login_used":
        return state
      case "access.logged_out":
        return { _tag: "Over" }
    }
  }
}

/** A client that is known by a cookie for a while, and not by its key at each request. */
export const Login: Aggregate<LoginId, LoginState, LoginCommand, LoginEvent, LoginRejected> = aggregate({
  category: "login",
  events,
  decider,
  isSettled: ({ _tag }) => _tag === "Over"
})
