import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { AgentId, type DeviceId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { sealedAs } from "../Sealed.ts"
import { type Link, linkAfter, neverLinked } from "./Link.ts"

// Events

const metaId = Schema.String.check(Schema.isPattern(/^\d{1,32}$/))
const pairing = Schema.Union([
  Schema.Struct({ method: Schema.Literal("qr") }),
  Schema.Struct({ method: Schema.Literal("code"), phone: sealedAs("phone") })
])
const createdV1 = Schema.Struct({ agent: AgentId, name: sealedAs("name"), pairing })
const created = Schema.Struct({
  name: sealedAs("name"),
  via: Schema.Union([
    /** An agent holds the account's session. */
    Schema.Struct({ transport: Schema.Literal("whatsapp-web"), agent: AgentId, pairing }),
    /** Meta's own names of a business account, and of a number in it. */
    Schema.Struct({ transport: Schema.Literal("cloud-api"), account: metaId, number: metaId })
  ])
})
export type Created = typeof created.Type

/** Whose device it is, for ever, if it is an agent's. */
export const agentOf = ({ via }: Created): AgentId | undefined =>
  via.transport === "whatsapp-web" ? via.agent : undefined

const renewed = ({ agent, name, pairing }: typeof createdV1.Type): Created => ({
  name,
  via: { agent, pairing, transport: "whatsapp-web" }
})
const former = ({ name, via }: Created): typeof createdV1.Type | undefined =>
  via.transport === "whatsapp-web" ? { agent: via.agent, name, pairing: via.pairing } : undefined

const change = {
  /** Counts the agent's reports about this device; the highest step tells how it is now. */
  step: Schema.Natural,
  at: Instant,
  evidence: Schema.String
}
const plain = Schema.Struct(change)
const explained = Schema.Struct({ ...change, reason: Schema.String })

const events = {
  "device.created": released(createdV1).upcoming(created, renewed, former),
  "device.paired": released(plain),
  "device.connected": released(plain),
  "device.disconnected": released(explained),
  "device.logged_out": released(explained)
}
export type DeviceEvent = EventOf<typeof events>
export type ChangeEvent = Exclude<DeviceEvent, { readonly type: "device.created" }>

// Commands

export type DeviceCommand =
  | { readonly _tag: "Create"; readonly created: Created }
  /** An agent has no say in another's devices. */
  | { readonly _tag: "Record"; readonly agent: AgentId; readonly event: ChangeEvent }

export class DeviceRejected extends Schema.TaggedError<DeviceRejected>()("DeviceRejected", {
  reason: Schema.Literals(["exists", "not_created", "other_agent"])
}) {}

// State

export type DeviceState =
  | { readonly _tag: "Nothing" }
  | (Link & {
      readonly _tag: "Device"
      /** Of a device that has one. */
      readonly agent: AgentId | undefined
      /** All reports below `told` are recorded, and of the later ones those in `ahead`: it is empty unless one is missing. */
      readonly told: number
      readonly ahead: ReadonlySet<number>
    })

type Decision = Result.Result<ReadonlyArray<DeviceEvent>, DeviceRejected>
const accept = (...events: ReadonlyArray<DeviceEvent>): Decision => Result.succeed(events)
const reject = (reason: DeviceRejected["reason"]): Decision => Result.fail(new DeviceRejected({ reason }))

const decider: Decider<DeviceState, DeviceCommand, DeviceEvent, DeviceRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Create") {
      return state._tag === "Nothing" ? accept({ type: "device.created", data: command.created }) : reject("exists")
    }
    if (state._tag === "Nothing") return reject("not_created")
    if (command.agent !== state.agent) return reject("other_agent")
    const { step } = command.event.data
    return step < state.told || state.ahead.has(step) ? accept() : accept(command.event)
  },

  evolve: (state, event) => {
    if (event.type === "device.created") {
      return { _tag: "Device", agent: agentOf(event.data), ...neverLinked, told: 0, ahead: new Set() }
    }
    if (state._tag === "Nothing") return state
    return { ...state, ...told(state, event.data.step), ...linkAfter(state, event) }
  }
}

const told = (state: { readonly told: number; readonly ahead: ReadonlySet<number> }, step: number) => {
  if (step !== state.told) return { ahead: new Set(state.ahead).add(step) }
  let next = step + 1
  while (state.ahead.has(next)) next++
  return { told: next, ahead: next === step + 1 ? state.ahead : new Set([...state.ahead].filter((_) => _ > next)) }
}

export const Device: Aggregate<DeviceId, DeviceState, DeviceCommand, DeviceEvent, DeviceRejected> = aggregate({
  category: "device",
  events,
  decider
})
