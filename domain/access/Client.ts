import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { ApiKeyId, ClientId, DeviceId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { type Sealed, sealedAs } from "../Sealed.ts"
import { FirstScope, former, renewed, ScopeName } from "./Scopes.ts"

// Events

const created = Schema.Struct({ name: sealedAs("name") })
const issuedAs = {
  key: ApiKeyId,
  /** SHA-256 of the secret, base64url. The secret itself is shown once and kept nowhere. */
  digest: Schema.String
}
const keyIssuedV1 = Schema.Struct({ ...issuedAs, scopes: Schema.Array(FirstScope) })
const keyIssued = Schema.Struct({
  ...issuedAs,
  scopes: Schema.Array(ScopeName),
  /** To tell it from the client's others. */
  name: Schema.optionalKey(sealedAs("name"))
})
export type KeyIssued = typeof keyIssued.Type

const upcast = ({ scopes, ...same }: typeof keyIssuedV1.Type): KeyIssued => ({ ...same, scopes: renewed(scopes) })
const downcast = ({ name, scopes, ...same }: KeyIssued): typeof keyIssuedV1.Type | undefined => {
  const before = name === undefined ? former(scopes) : undefined
  return before && { ...same, scopes: before }
}

const keyRevoked = Schema.Struct({ key: ApiKeyId })
/** From then on the key is refused. It is only ever brought forward. */
const keyExpirySet = Schema.Struct({
  key: ApiKeyId,
  expiresAt: Instant,
  /** The key that was issued in its place. */
  replacedBy: Schema.optionalKey(ApiKeyId)
})
export type KeyExpirySet = typeof keyExpirySet.Type

const devicesSet = Schema.Struct({ devices: Schema.optionalKey(Schema.Array(DeviceId)) })

const events = {
  "client.created": released(created),
  /** From then on its keys may use these devices alone; without a list all, as from the beginning. */
  "client.devices_set": released(devicesSet),
  "client.key_issued": released(keyIssuedV1).upcoming(keyIssued, upcast, downcast),
  "client.key_revoked": released(keyRevoked),
  "client.key_expiry_set": released(keyExpirySet)
}
export type ClientEvent = EventOf<typeof events>

// Commands

export type ClientCommand =
  /** Without `devices` it may use all. */
  | { readonly _tag: "Create"; readonly name: Sealed; readonly devices?: ReadonlyArray<DeviceId> }
  | { readonly _tag: "SetDevices"; readonly devices: ReadonlyArray<DeviceId> | undefined }
  | { readonly _tag: "IssueKey"; readonly issued: KeyIssued; readonly expiresAt?: Instant }
  | {
      readonly _tag: "RotateKey"
      readonly key: ApiKeyId
      /** Gets the scopes of the key it replaces. */
      readonly replacement: Omit<KeyIssued, "scopes">
      readonly replacementExpiresAt?: Instant
      /** Until when both are good. */
      readonly until: Instant
      readonly at: Instant
    }
  | { readonly _tag: "RevokeKey"; readonly key: ApiKeyId }

export class ClientRejected extends Schema.TaggedError<ClientRejected>()("ClientRejected", {
  reason: Schema.Literals(["exists", "not_created", "no_such_key", "key_not_active"])
}) {}

// State

export interface KeyState {
  readonly scopes: ReadonlyArray<string>
  readonly revoked: boolean
  readonly expiresAt: Instant | undefined
}

export type ClientState =
  | { readonly _tag: "Nothing" }
  | {
      readonly _tag: "Client"
      readonly keys: ReadonlyMap<ApiKeyId, KeyState>
      /** Those that it may use; `undefined`: all. */
      readonly devices: ReadonlySet<DeviceId> | undefined
    }

type Decision = Result.Result<ReadonlyArray<ClientEvent>, ClientRejected>
const accept = (...events: ReadonlyArray<ClientEvent>): Decision => Result.succeed(events)
const reject = (reason: ClientRejected["reason"]): Decision => Result.fail(new ClientRejected({ reason }))

const decider: Decider<ClientState, ClientCommand, ClientEvent, ClientRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Create") {
      if (state._tag === "Client") return reject("exists")
      const { devices, name } = command
      return accept({ type: "client.created", data: { name } }, ...(devices === undefined ? [] : [setDevices(devices)]))
    }
    if (state._tag === "Nothing") return reject("not_created")
    if (command._tag === "SetDevices") {
      return isSame(state.devices, command.devices) ? accept() : accept(setDevices(command.devices))
    }
    if (command._tag === "IssueKey") {
      if (state.keys.has(command.issued.key)) return accept()
      return accept(...issue(command.issued, command.expiresAt))
    }
    const { key } = command
    const known = state.keys.get(key)
    if (known === undefined) return reject("no_such_key")
    if (command._tag === "RevokeKey") {
      return known.revoked ? accept() : accept({ type: "client.key_revoked", data: { key } })
    }
    const { at, replacement, replacementExpiresAt, until } = command
    if (state.keys.has(replacement.key)) return accept()
    if (known.revoked || (known.expiresAt !== undefined && known.expiresAt <= at)) return reject("key_not_active")
    const expiresAt = known.expiresAt !== undefined && known.expiresAt < until ? known.expiresAt : until
    return accept(...issue({ ...replacement, scopes: known.scopes }, replacementExpiresAt), {
      type: "client.key_expiry_set",
      data: { key, expiresAt, replacedBy: replacement.key }
    })
  },

  evolve: (state, event) => {
    if (event.type === "client.created") return { _tag: "Client", keys: new Map(), devices: undefined }
    if (state._tag === "Nothing") return state
    if (event.type === "client.devices_set") {
      const { devices } = event.data
      return { ...state, devices: devices && new Set(devices) }
    }
    return { ...state, keys: new Map(state.keys).set(event.data.key, evolveKey(state.keys, event)) }
  }
}

const setDevices = (devices: ReadonlyArray<DeviceId> | undefined): ClientEvent => ({
  type: "client.devices_set",
  data: devices === undefined ? {} : { devices }
})

const isSame = (before: ReadonlySet<DeviceId> | undefined, devices: ReadonlyArray<DeviceId> | undefined): boolean => {
  if (before === undefined || devices === undefined) return before === devices
  return before.symmetricDifference(new Set(devices)).size === 0
}

const issue = (issued: KeyIssued, expiresAt: Instant | undefined): ReadonlyArray<ClientEvent> => [
  { type: "client.key_issued", data: issued },
  ...(expiresAt === undefined ? [] : [{ type: "client.key_expiry_set", data: { key: issued.key, expiresAt } } as const])
]

const evolveKey = (keys: ReadonlyMap<ApiKeyId, KeyState>, event: Exclude<ClientEvent, OfClient>): KeyState => {
  if (event.type === "client.key_issued") {
    return { scopes: event.data.scopes, revoked: false, expiresAt: undefined }
  }
  const before = keys.get(event.data.key)!
  return event.type === "client.key_revoked"
    ? { ...before, revoked: true }
    : { ...before, expiresAt: event.data.expiresAt }
}
type OfClient = { readonly type: "client.created" | "client.devices_set" }

export const Client: Aggregate<ClientId, ClientState, ClientCommand, ClientEvent, ClientRejected> = aggregate({
  category: "client",
  events,
  decider
})

/** Whoever holds the key from the configuration: no event tells of it. Its id is for ever: messages' ids follow from it. */
export const configured = {
  client: ClientId.make("1f0a6d2e-7b1d-8c52-9d7e-4c1e9c1b3f10"),
  key: ApiKeyId.make("configured")
}
