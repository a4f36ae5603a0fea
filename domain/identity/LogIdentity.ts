import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { AgentId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import {
  type AgentKey,
  type GatewayKey,
  type Installation,
  type LogIdentityState,
  latestKey,
  sameKeys,
  usable
} from "./LogIdentityState.ts"

/**
 * Who this log is and whose signatures stand in it, recorded from the first event on: old evidence stays verifiable.
 * Public keys are 32 raw bytes, base64url; `signing` is Ed25519, `agreement` X25519.
 */

// Events

const keys = { keyId: Schema.String, signing: Schema.String, agreement: Schema.String }
const opened = Schema.Struct({
  store: Schema.String.check(Schema.isUUID()),
  /** Raised when the log was restored from a copy: positions before and after do not compare. */
  epoch: Schema.Natural
})
const epochRaised = Schema.Struct({ epoch: Schema.Natural })
const gatewayKeyAdded = Schema.Struct(keys)
/** This key signs from now on; the one before is taken until `overlapUntil`. */
const gatewayKeyActivated = Schema.Struct({ keyId: Schema.String, overlapUntil: Instant })
const gatewayKeyRevoked = Schema.Struct({ keyId: Schema.String })
const agentEnrolledV1 = Schema.Struct({ agent: AgentId, ...keys })
const agentEnrolled = Schema.Struct({
  agent: AgentId,
  ...keys,
  /** The newest version of the wire's protocol that it speaks. */
  protocol: Schema.Natural,
  /** As whom it signs in at the bus. */
  nkey: Schema.optionalKey(Schema.String),
  /** What its older keys signed is taken until then; version 1 of this event set no time. */
  overlapUntil: Schema.optionalKey(Instant)
})
/** What all processes on this log have in common. */
const installationRecorded = Schema.Struct({
  /** A digest that only this pepper has, base64url: from another one, other ids and subjects would follow. */
  pepper: Schema.String,
  /** Several gateways may run: none of them keeps anything to itself. */
  shared: Schema.Boolean
})
const agentKeyRevoked = Schema.Struct({ agent: AgentId, keyId: Schema.String })

const events = {
  "store.opened": released(opened),
  "store.epoch_raised": released(epochRaised),
  "store.installation_recorded": released(installationRecorded),
  "store.gateway_key_added": released(gatewayKeyAdded),
  "store.gateway_key_activated": released(gatewayKeyActivated),
  "store.gateway_key_revoked": released(gatewayKeyRevoked),
  "store.agent_enrolled": released(agentEnrolledV1).next(agentEnrolled, (before) => ({ ...before, protocol: 1 })),
  "store.agent_key_revoked": released(agentKeyRevoked)
}
export type LogIdentityEvent = EventOf<typeof events>

// Commands: each says what shall be so; already so yields nothing.

export type LogIdentityCommand =
  | { readonly _tag: "Open"; readonly opened: typeof opened.Type }
  | { readonly _tag: "RaiseEpoch"; readonly epoch: number }
  /** `adopt`: also against what was recorded before. */
  | { readonly _tag: "RecordInstallation"; readonly installation: Installation; readonly adopt: boolean }
  | { readonly _tag: "AddGatewayKey"; readonly key: typeof gatewayKeyAdded.Type }
  | { readonly _tag: "ActivateGatewayKey"; readonly activated: typeof gatewayKeyActivated.Type }
  | { readonly _tag: "RevokeGatewayKey"; readonly keyId: string }
  | { readonly _tag: "EnrolAgent"; readonly agent: Enrolment }
  | { readonly _tag: "RevokeAgentKey"; readonly revoked: typeof agentKeyRevoked.Type }

export class LogIdentityRejected extends Schema.TaggedError<LogIdentityRejected>()("LogIdentityRejected", {
  reason: Schema.Literals(["not_opened", "no_such_key", "key_revoked", "key_active", "other_pepper", "not_shared"])
}) {}

type Decision = Result.Result<ReadonlyArray<LogIdentityEvent>, LogIdentityRejected>
const accept = (...events: ReadonlyArray<LogIdentityEvent>): Decision => Result.succeed(events)
const reject = (reason: LogIdentityRejected["reason"]): Decision => Result.fail(new LogIdentityRejected({ reason }))

const decider: Decider<LogIdentityState, LogIdentityCommand, LogIdentityEvent, LogIdentityRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Open") {
      return state._tag === "Nothing" ? accept({ type: "store.opened", data: command.opened }) : accept()
    }
    if (state._tag === "Nothing") return reject("not_opened")
    switch (command._tag) {
      case "RaiseEpoch": {
        const { epoch } = command
        return epoch <= state.epoch ? accept() : accept({ type: "store.epoch_raised", data: { epoch } })
      }
      case "RecordInstallation": {
        const { adopt, installation } = command
        const known = state.installation
        if (known?.pepper === installation.pepper && known.shared === installation.shared) return accept()
        if (known !== undefined && !adopt) {
          if (known.pepper !== installation.pepper) return reject("other_pepper")
          if (!installation.shared) return reject("not_shared")
        }
        return accept({ type: "store.installation_recorded", data: installation })
      }
      case "AddGatewayKey": {
        const known = state.gatewayKeys.get(command.key.keyId)
        if (known?.revoked) return reject("key_revoked")
        return sameKeys(known, command.key) ? accept() : accept({ type: "store.gateway_key_added", data: command.key })
      }
      case "ActivateGatewayKey": {
        const known = state.gatewayKeys.get(command.activated.keyId)
        if (known === undefined) return reject("no_such_key")
        if (known.revoked) return reject("key_revoked")
        return state.active === command.activated.keyId
          ? accept()
          : accept({ type: "store.gateway_key_activated", data: command.activated })
      }
      case "RevokeGatewayKey": {
        const { keyId } = command
        const known = state.gatewayKeys.get(keyId)
        if (known === undefined) return reject("no_such_key")
        if (state.active === keyId) return reject("key_active")
        return known.revoked ? accept() : accept({ type: "store.gateway_key_revoked", data: { keyId } })
      }
      case "EnrolAgent": {
        const { agent } = command
        const own = state.agents.get(agent.agent)
        if (own?.get(agent.keyId)?.revoked) return reject("key_revoked")
        const latest = own && latestKey(own)
        const known = latest?.[0] === agent.keyId && sameKeys(latest[1], agent) ? latest[1] : undefined
        return known?.protocol === agent.protocol && known.busUser === agent.busUser
          ? accept()
          : accept({ type: "store.agent_enrolled", data: storedEnrolment(agent) })
      }
      case "RevokeAgentKey": {
        const { agent, keyId } = command.revoked
        const known = state.agents.get(agent)?.get(keyId)
        if (known === undefined) return reject("no_such_key")
        return known.revoked ? accept() : accept({ type: "store.agent_key_revoked", data: command.revoked })
      }
    }
  },

  evolve: (state, event) => {
    if (event.type === "store.opened") {
      return {
        _tag: "Open",
        ...event.data,
        installation: undefined,
        active: undefined,
        gatewayKeys: new Map(),
        agents: new Map()
      }
    }
    if (state._tag === "Nothing") return state
    const gatewayKeys = new Map(state.gatewayKeys)
    const change = (keyId: string, changes: Partial<GatewayKey>) => {
      const key = gatewayKeys.get(keyId)
      if (key !== undefined) gatewayKeys.set(keyId, { ...key, ...changes })
    }
    switch (event.type) {
      case "store.epoch_raised":
        return { ...state, epoch: event.data.epoch }
      case "store.installation_recorded":
        return { ...state, installation: event.data }
      case "store.gateway_key_added": {
        const { agreement, keyId, signing } = event.data
        gatewayKeys.set(keyId, { ...usable, ...gatewayKeys.get(keyId), signing, agreement })
        return { ...state, active: state.active ?? keyId, gatewayKeys }
      }
      case "store.gateway_key_activated": {
        const { keyId, overlapUntil } = event.data
        if (state.active !== undefined) change(state.active, { until: overlapUntil })
        change(keyId, { until: undefined })
        return { ...state, active: keyId, gatewayKeys }
      }
      case "store.gateway_key_revoked":
        change(event.data.keyId, { revoked: true })
        return { ...state, gatewayKeys }
      case "store.agent_enrolled":
        return enrol(state, event.data)
      case "store.agent_key_revoked": {
        const { agent, keyId } = event.data
        const own = new Map(state.agents.get(agent))
        const key = own.get(keyId)
        if (key !== undefined) own.set(keyId, { ...key, revoked: true })
        return { ...state, agents: new Map(state.agents).set(agent, own) }
      }
    }
  }
}

type Opened = Extract<LogIdentityState, { _tag: "Open" }>
type Enrolled = typeof agentEnrolled.Type
type Enrolment = Omit<Enrolled, "nkey"> & { readonly busUser?: string }

const storedEnrolment = ({ busUser, ...agent }: Enrolment): Enrolled => ({
  ...agent,
  ...(busUser !== undefined && { nkey: busUser })
})

/** An agent's newest key, last of its keys; the others are taken for a while. */
const enrol = (
  state: Opened,
  { agent, agreement, keyId, nkey: busUser, overlapUntil, protocol, signing }: Enrolled
): Opened => {
  const own = new Map<string, AgentKey>()
  for (const [id, key] of state.agents.get(agent) ?? []) {
    if (id !== keyId) own.set(id, { ...key, until: key.until ?? overlapUntil })
  }
  own.set(keyId, { ...usable, signing, agreement, protocol, busUser })
  return { ...state, agents: new Map(state.agents).set(agent, own) }
}

/** There is one per log. */
type Identity = "identity"

export const LogIdentity: Aggregate<
  Identity,
  LogIdentityState,
  LogIdentityCommand,
  LogIdentityEvent,
  LogIdentityRejected
> = aggregate({
  category: "store",
  events,
  decider
})

export const streamId = LogIdentity.streamOf("identity")
