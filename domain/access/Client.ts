import { Result, Schema } from "effect"
import type { Decider } from "../Decider.ts"
import { type EventOf, reader } from "../Events.ts"
import { ApiKeyId, type ClientId, StreamId } from "../Ids.ts"
import { Sealed } from "../privacy/Sealed.ts"

/** What a key may do. `admin` manages clients and keys and includes the others. */
export const scopes = ["messages:send", "messages:read", "devices:manage", "admin"] as const
export const Scope = Schema.Literals(scopes)
export type Scope = typeof Scope.Type

// Events. Type names and shapes are the storage format for ever.

const created = Schema.Struct({ name: Sealed })
const keyIssued = Schema.Struct({
  key: ApiKeyId,
  /** SHA-256 of the secret, base64url. The secret itself is shown once and kept nowhere. */
  digest: Schema.String,
  scopes: Schema.Array(Scope)
})
export type KeyIssued = typeof keyIssued.Type
const keyRevoked = Schema.Struct({ key: ApiKeyId })

export const clientEvents = {
  "client.created.v1": created,
  "client.key_issued.v1": keyIssued,
  "client.key_revoked.v1": keyRevoked
}
export type ClientEvent = EventOf<typeof clientEvents>
export const readClientEvent = reader(clientEvents)

// Commands

export type ClientCommand =
  | { readonly _tag: "Create"; readonly name: Sealed }
  | { readonly _tag: "IssueKey"; readonly issued: KeyIssued }
  | { readonly _tag: "RevokeKey"; readonly key: ApiKeyId }

export class ClientRejected extends Schema.TaggedError<ClientRejected>()("ClientRejected", {
  reason: Schema.Literals(["exists", "not_created", "no_such_key"])
}) {}

// State

export type ClientState =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Client"; readonly keys: ReadonlyMap<ApiKeyId, "active" | "revoked"> }

type Decision = Result.Result<ReadonlyArray<ClientEvent>, ClientRejected>
const accept = (...events: ReadonlyArray<ClientEvent>): Decision => Result.succeed(events)
const reject = (reason: ClientRejected["reason"]): Decision => Result.fail(new ClientRejected({ reason }))

export const Client: Decider<ClientState, ClientCommand, ClientEvent, ClientRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Create") {
      if (state._tag === "Client") return reject("exists")
      return accept({ type: "client.created.v1", data: { name: command.name } })
    }
    if (state._tag === "Nothing") return reject("not_created")
    if (command._tag === "IssueKey") {
      if (state.keys.has(command.issued.key)) return accept()
      return accept({ type: "client.key_issued.v1", data: command.issued })
    }
    const key = state.keys.get(command.key)
    if (key === undefined) return reject("no_such_key")
    return key === "revoked" ? accept() : accept({ type: "client.key_revoked.v1", data: { key: command.key } })
  },

  evolve: (state, event) => {
    if (event.type === "client.created.v1") return { _tag: "Client", keys: new Map() }
    if (state._tag === "Nothing") return state
    const keys = new Map(state.keys)
    keys.set(event.data.key, event.type === "client.key_issued.v1" ? "active" : "revoked")
    return { _tag: "Client", keys }
  }
}

export const streamOf = (id: ClientId): StreamId => StreamId.make(`client-${id}`)
