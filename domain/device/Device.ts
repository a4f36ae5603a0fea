import { Result, Schema } from "effect"
import type { Decider } from "../Decider.ts"
import { type EventOf, reader } from "../Events.ts"
import { AgentId, type DeviceId, StreamId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { Sealed } from "../privacy/Sealed.ts"

// Events. Type names and shapes are the storage format for ever.

const created = Schema.Struct({
  agent: AgentId,
  name: Sealed,
  pairing: Schema.Union([
    Schema.Struct({ method: Schema.Literal("qr") }),
    Schema.Struct({ method: Schema.Literal("code"), phone: Sealed })
  ])
})
export type Created = typeof created.Type

const change = {
  /** Counts the agent's reports about this device; the highest step tells how it is now. */
  step: Schema.Natural,
  at: Instant,
  evidence: Schema.String
}
const plain = Schema.Struct(change)
const explained = Schema.Struct({ ...change, reason: Schema.String })

export const deviceEvents = {
  "device.created.v1": created,
  "device.paired.v1": plain,
  "device.connected.v1": plain,
  "device.disconnected.v1": explained,
  "device.logged_out.v1": explained
}
export type DeviceEvent = EventOf<typeof deviceEvents>
export type ChangeEvent = Exclude<DeviceEvent, { readonly type: "device.created.v1" }>
export const readDeviceEvent = reader(deviceEvents)

// Commands

export type DeviceCommand =
  | { readonly _tag: "Create"; readonly created: Created }
  | { readonly _tag: "Record"; readonly event: ChangeEvent }

export class DeviceRejected extends Schema.TaggedError<DeviceRejected>()("DeviceRejected", {
  reason: Schema.Literals(["exists", "not_created"])
}) {}

// State

export const connections = ["pairing", "connected", "disconnected", "logged_out"] as const
/** `pairing`: no account is linked yet. */
export type Connection = (typeof connections)[number]

export type DeviceState =
  | { readonly _tag: "Nothing" }
  | {
      readonly _tag: "Device"
      readonly agent: AgentId
      readonly connection: Connection
      readonly paired: boolean
      readonly reason: string | undefined
      /** Of the report that `connection` comes from. */
      readonly step: number
      /** All reports below `told` are recorded, and of the later ones those in `ahead`: it is empty unless one is missing. */
      readonly told: number
      readonly ahead: ReadonlySet<number>
    }

type Decision = Result.Result<ReadonlyArray<DeviceEvent>, DeviceRejected>
const accept = (...events: ReadonlyArray<DeviceEvent>): Decision => Result.succeed(events)
const reject = (reason: DeviceRejected["reason"]): Decision => Result.fail(new DeviceRejected({ reason }))

export const Device: Decider<DeviceState, DeviceCommand, DeviceEvent, DeviceRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Create") {
      return state._tag === "Nothing" ? accept({ type: "device.created.v1", data: command.created }) : reject("exists")
    }
    if (state._tag === "Nothing") return reject("not_created")
    const { step } = command.event.data
    return step < state.told || state.ahead.has(step) ? accept() : accept(command.event)
  },

  evolve: (state, event) => {
    if (event.type === "device.created.v1") {
      return {
        _tag: "Device",
        agent: event.data.agent,
        connection: "pairing",
        paired: false,
        reason: undefined,
        step: -1,
        told: 0,
        ahead: new Set()
      }
    }
    if (state._tag === "Nothing") return state
    const { step } = event.data
    const known = { ...state, ...told(state, step) }
    if (step < state.step) return known // told late: the connection has moved on
    const latest = { ...known, step, reason: "reason" in event.data ? event.data.reason : undefined }
    switch (event.type) {
      case "device.paired.v1":
        return { ...latest, paired: true, connection: "disconnected" }
      case "device.connected.v1":
        return { ...latest, paired: true, connection: "connected" }
      case "device.disconnected.v1":
        return { ...latest, connection: state.paired ? "disconnected" : "pairing" }
      case "device.logged_out.v1":
        return { ...latest, paired: false, connection: "logged_out" }
    }
  }
}

const told = (state: { readonly told: number; readonly ahead: ReadonlySet<number> }, step: number) => {
  if (step !== state.told) return { ahead: new Set(state.ahead).add(step) }
  let next = step + 1
  while (state.ahead.has(next)) next++
  return { told: next, ahead: next === step + 1 ? state.ahead : new Set([...state.ahead].filter((_) => _ > next)) }
}

export const streamOf = (id: DeviceId): StreamId => StreamId.make(`device-${id}`)
