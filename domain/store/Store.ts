import { Result, Schema } from "effect"
import type { Decider } from "../Decider.ts"
import { type EventOf, reader } from "../Events.ts"
import { AgentId, StreamId } from "../Ids.ts"

/**
 * Who this log is and whose signatures stand in it, recorded from the first event on: old evidence stays verifiable.
 * Public keys are 32 raw bytes, base64url; `signing` is Ed25519, `agreement` X25519.
 */

// Events. Type names and shapes are the storage format for ever.

const keys = { keyId: Schema.String, signing: Schema.String, agreement: Schema.String }
const opened = Schema.Struct({
  store: Schema.String.check(Schema.isUUID()),
  /** Raised when the log was restored from a copy: positions before and after do not compare. */
  epoch: Schema.Natural
})
const gatewayKeyAdded = Schema.Struct(keys)
const agentEnrolled = Schema.Struct({ agent: AgentId, ...keys })

export const storeEvents = {
  "store.opened.v1": opened,
  "store.gateway_key_added.v1": gatewayKeyAdded,
  "store.agent_enrolled.v1": agentEnrolled
}
export type StoreEvent = EventOf<typeof storeEvents>
export const readStoreEvent = reader(storeEvents)

// Commands: each says what shall be so; already so yields nothing.

export type StoreCommand =
  | { readonly _tag: "Open"; readonly opened: typeof opened.Type }
  | { readonly _tag: "AddGatewayKey"; readonly key: typeof gatewayKeyAdded.Type }
  | { readonly _tag: "EnrolAgent"; readonly agent: typeof agentEnrolled.Type }

export class StoreRejected extends Schema.TaggedError<StoreRejected>()("StoreRejected", {
  reason: Schema.Literals(["not_opened"])
}) {}

export type PublicKeys = { readonly signing: string; readonly agreement: string }
export type StoreState =
  | { readonly _tag: "Nothing" }
  | {
      readonly _tag: "Open"
      readonly store: string
      readonly epoch: number
      readonly gatewayKeys: ReadonlyMap<string, PublicKeys>
      /** By agent, then by key id, the latest last; an agent's older keys stay for the evidence they signed. */
      readonly agents: ReadonlyMap<AgentId, ReadonlyMap<string, PublicKeys>>
    }

type Decision = Result.Result<ReadonlyArray<StoreEvent>, StoreRejected>
const accept = (...events: ReadonlyArray<StoreEvent>): Decision => Result.succeed(events)

const same = (known: PublicKeys | undefined, key: PublicKeys) =>
  known?.signing === key.signing && known.agreement === key.agreement

export const Store: Decider<StoreState, StoreCommand, StoreEvent, StoreRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Open") {
      return state._tag === "Nothing" ? accept({ type: "store.opened.v1", data: command.opened }) : accept()
    }
    if (state._tag === "Nothing") return Result.fail(new StoreRejected({ reason: "not_opened" }))
    if (command._tag === "AddGatewayKey") {
      const { keyId } = command.key
      return same(state.gatewayKeys.get(keyId), command.key)
        ? accept()
        : accept({ type: "store.gateway_key_added.v1", data: command.key })
    }
    const own = state.agents.get(command.agent.agent)
    const latest = own && [...own].at(-1)
    return latest !== undefined && latest[0] === command.agent.keyId && same(latest[1], command.agent)
      ? accept()
      : accept({ type: "store.agent_enrolled.v1", data: command.agent })
  },

  evolve: (state, event) => {
    if (event.type === "store.opened.v1")
      return { _tag: "Open", ...event.data, gatewayKeys: new Map(), agents: new Map() }
    if (state._tag === "Nothing") return state
    const { agreement, keyId, signing } = event.data
    const keys: PublicKeys = { signing, agreement }
    if (event.type === "store.gateway_key_added.v1") {
      return { ...state, gatewayKeys: new Map(state.gatewayKeys).set(keyId, keys) }
    }
    const { agent } = event.data
    const own = new Map(state.agents.get(agent))
    own.delete(keyId) // enrolled again, it is the latest again
    own.set(keyId, keys)
    return { ...state, agents: new Map(state.agents).set(agent, own) }
  }
}

/** There is one per log. */
export const streamId = StreamId.make("store-identity")
