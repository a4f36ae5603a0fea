import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { AgentId, type DeviceId } from "../Ids.ts"
import { Instant } from "../Instant.ts"
import { type Sealed, sealedAs } from "../Sealed.ts"
import { isBeingPaired, isNewNumber, type Link, type LinkedNumber, linkAfter, neverLinked } from "./Link.ts"

// Events

const metaId = Schema.String.check(Schema.isPattern(/^\d{1,32}$/))
const pairing = Schema.Union([
  Schema.Struct({ method: Schema.Literal("qr") }),
  Schema.Struct({ method: Schema.Literal("code"), phone: sealedAs("phone") })
])
/** An agent holds the account's session. */
const byAgent = Schema.Struct({ transport: Schema.Literal("whatsapp-web"), agent: AgentId, pairing })
const createdV1 = Schema.Struct({ agent: AgentId, name: sealedAs("name"), pairing })
const created = Schema.Struct({
  name: sealedAs("name"),
  via: Schema.Union([
    byAgent,
    /** Meta's own names of a business account, and of a number in it. */
    Schema.Struct({ transport: Schema.Literal("cloud-api"), account: metaId, number: metaId })
  ])
})
export type Created = typeof created.Type
export type Pairing = typeof pairing.Type

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

/** To whoever has the session. */
const request = Schema.Struct({ transport: Schema.Literal("whatsapp-web") })

const events = {
  "device.created": released(createdV1).upcoming(created, renewed, former),
  "device.paired": released(plain),
  "device.connected": released(plain),
  "device.disconnected": released(explained),
  "device.logged_out": released(explained),
  "device.renamed": released(Schema.Struct({ name: sealedAs("name") })),
  /** Which account it is linked to, from the report `asOf` on; nothing proves it but that the agent said so. */
  "device.number_linked": released(Schema.Struct({ asOf: Schema.Natural, number: sealedAs("number") })),
  /** To be paired again, with whichever account. */
  "device.link_requested": released(Schema.Struct({ via: byAgent })),
  /** Its session is to be opened again, if it is not open. */
  "device.reconnect_requested": released(request),
  /** WhatsApp is to forget it. */
  "device.unlink_requested": released(request)
}
export type DeviceEvent = EventOf<typeof events>
/** What an agent reports. */
export type ChangeEvent = Extract<DeviceEvent, { readonly data: { readonly step: number } }>

// Commands

export type DeviceCommand =
  | { readonly _tag: "Create"; readonly created: Created }
  | { readonly _tag: "Rename"; readonly name: Sealed }
  | { readonly _tag: "Link"; readonly pairing: Pairing }
  | { readonly _tag: "Reconnect" }
  /** The same again changes nothing. */
  | { readonly _tag: "Unlink" }
  /** An agent has no say in another's devices. */
  | { readonly _tag: "Record"; readonly agent: AgentId; readonly event: ChangeEvent }
  | (LinkedNumber & { readonly _tag: "RecordNumber"; readonly agent: AgentId })

export class DeviceRejected extends Schema.TaggedError<DeviceRejected>()("DeviceRejected", {
  reason: Schema.Literals([
    "exists",
    "not_created",
    "other_agent",
    "step_too_far",
    "foreign_reason",
    "no_agent",
    "not_linked",
    "linked",
    "being_paired",
    "being_unlinked"
  ])
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

const web = { transport: "whatsapp-web" } as const

/**
 * After a restored log, steps of an agent's are further ahead than others ever are: what it said since the copy is not in
 * it. None is by as much, and with a number out of the air nothing that it says later would count any more.
 */
const maxStepsAhead = 10_000

const isTooFar = ({ ahead, told }: { readonly told: number; readonly ahead: ReadonlySet<number> }, step: number) =>
  step > told + maxStepsAhead && [...ahead].every((known) => step > known + maxStepsAhead)

const decider: Decider<DeviceState, DeviceCommand, DeviceEvent, DeviceRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Create") {
      return state._tag === "Nothing" ? accept({ type: "device.created", data: command.created }) : reject("exists")
    }
    if (state._tag === "Nothing") return reject("not_created")
    if (command._tag === "Rename") return accept({ type: "device.renamed", data: { name: command.name } })
    if (command._tag === "Record") {
      if (command.agent !== state.agent) return reject("other_agent")
      const { step } = command.event.data
      if (step < state.told || state.ahead.has(step)) return accept()
      return isTooFar(state, step) ? reject("step_too_far") : accept(command.event)
    }
    if (command._tag === "RecordNumber") {
      if (command.agent !== state.agent) return reject("other_agent")
      const { asOf, number } = command
      if (isTooFar(state, asOf)) return reject("step_too_far")
      return isNewNumber(state, command) ? accept({ type: "device.number_linked", data: { asOf, number } }) : accept()
    }
    if (state.agent === undefined) return reject("no_agent")
    if (command._tag === "Unlink") {
      return state.removal === undefined ? accept({ type: "device.unlink_requested", data: web }) : accept()
    }
    if (state.removal === "asked") return reject("being_unlinked")
    if (command._tag === "Reconnect") {
      return state.paired ? accept({ type: "device.reconnect_requested", data: web }) : reject("not_linked")
    }
    if (state.paired) return reject("linked")
    if (isBeingPaired(state)) return reject("being_paired")
    const via = { ...web, agent: state.agent, pairing: command.pairing }
    return accept({ type: "device.link_requested", data: { via } })
  },

  evolve: (state, event) => {
    if (event.type === "device.created") {
      return { _tag: "Device", agent: agentOf(event.data), ...neverLinked, told: 0, ahead: new Set() }
    }
    if (state._tag === "Nothing" || event.type === "device.renamed") return state
    const link = linkAfter(state, event)
    if (!("step" in event.data)) return { ...state, ...link }
    const { step } = event.data
    const isLast = state.removal === "asked" && link.removal === "done" // what was said before says nothing any more
    return { ...state, ...(isLast ? { told: step + 1, ahead: new Set() } : told(state, step)), ...link }
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
