import { Context, Effect, FiberSet, Layer, Schema } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { agentOf, type ChangeEvent, Device, DeviceRejected } from "#domain/device/Device.ts"
import { toldReasons } from "#domain/device/Reasons.ts"
import { deviceReportKey, numberReportKey, reportIdOf } from "#domain/Identifiers.ts"
import { type AgentId, DeviceId, type EventId } from "#domain/Ids.ts"
import type { Report } from "#domain/message/Status.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Actor } from "#domain/Recorded.ts"
import type { Header, Verified } from "#domain/wire/Envelope.ts"
import {
  type AgentReport,
  CodeBox,
  HeardBox,
  NumberBox,
  PresenceBox,
  Undecodable,
  unbox
} from "#domain/wire/Protocol.ts"
import { DeviceActors } from "../../devices/DeviceActors.ts"
import { DeviceRegistry } from "../../devices/DeviceRegistry.ts"
import { PairingCodes } from "../../devices/PairingCodes.ts"
import type { AgentTrust } from "../../identity/AgentTrust.ts"
import { Facts } from "../../inbound/Inbound.ts"
import { Presences } from "../../inbound/Presences.ts"
import { Readings } from "../../inbound/Readings.ts"
import { Personal } from "../../privacy/Personal.ts"
import type { Origin } from "../../runtime/Provenance.ts"
import { Outcomes } from "../Outcomes.ts"

type Told = Exclude<AgentReport, { kind: "heartbeat" | "cosigned" | "head_refused" }>
type MessageReport = Extract<Told, { kind: "message" }>
type DeviceReport = Extract<Told, { kind: "device" }>
type CodeReport = Extract<Told, { kind: "pairing_code" }>
type HeardReport = Extract<Told, { kind: "heard" }>
type NumberReport = Extract<Told, { kind: "number" }>
type PresenceReport = Extract<Told, { kind: "presence" }>
type ReadReport = Extract<Told, { kind: "read_marked" }>

const isDeviceId = Schema.is(DeviceId)
const decodeCode = Schema.decodeUnknownSync(CodeBox)
const decodeHeard = Schema.decodeUnknownSync(HeardBox)
const decodePresence = Schema.decodeUnknownSync(PresenceBox)
const decodeNumber = Schema.decodeUnknownSync(NumberBox)

const actorOf = ({ agent }: Header): Actor => ({ kind: "agent", id: agent })

/** The command's name is that of the event it follows from. */
const answered = ({ commandId }: Header) => commandId as EventId

const originOf = (header: Header, correlationId: string): Origin => ({
  actor: actorOf(header),
  correlationId,
  causationId: header.commandId
})

const reportOf = ({ attempt }: Header, { claim, code, recipient }: MessageReport): Report => ({
  kind: claim,
  attempt: Number(attempt),
  ...(recipient !== undefined && { recipient }),
  ...(code !== undefined && { code })
})

const make = Effect.gen(function* () {
  const crypto = yield* Crypto
  const codes = yield* PairingCodes
  const facts = yield* Facts
  const outcomes = yield* Outcomes
  const devices = yield* DeviceActors
  const personal = yield* Personal
  const presences = yield* Presences
  const readings = yield* Readings
  const registry = yield* DeviceRegistry
  const store = yield* EventStore
  const run = yield* FiberSet.makeRuntime<never>()

  const recordMessage = (
    { bytes, header }: Verified,
    { at, message, trace }: MessageReport,
    report: Report,
    device: DeviceId,
    id: EventId
  ) => {
    const actor = actorOf(header)
    const [evidence, answers] = [base64url(bytes), answered(header)]
    return outcomes.record(message, report, {
      id,
      actor,
      device,
      answers,
      subject: header.subject,
      at,
      evidence,
      trace
    })
  }

  const recordDevice = ({ bytes, header }: Verified, told: DeviceReport, device: DeviceId, eventId: EventId) => {
    const { at, change, reason = "unspecified", step } = told
    if (told.reason !== undefined && !toldReasons.includes(told.reason)) {
      return Effect.fail(new DeviceRejected({ reason: "foreign_reason" }))
    }
    const data = { step, at, evidence: base64url(bytes) }
    const isUp = change === "paired" || change === "connected"
    const event: ChangeEvent = isUp
      ? { type: `device.${change}`, data }
      : { type: `device.${change}`, data: { ...data, reason } }
    const agent = header.agent as AgentId
    return devices
      .execute(Device.streamOf(device), () => ({ _tag: "Record", agent, event }), originOf(header, device), { eventId })
      .pipe(Effect.andThen(isUp ? Effect.sync(() => void run(codes.hide(device))) : Effect.void)) // nobody waits for it
  }

  const showCode = Effect.fnUntraced(function* (
    trust: AgentTrust,
    { header }: Verified,
    { box, expiresAt, method }: CodeReport,
    device: DeviceId
  ) {
    const { code } = yield* unbox(crypto, trust.reportKeys(header.keyId), header, box, decodeCode)
    yield* codes.show(device, { method, code, expiresAt })
  })

  const recordFact = Effect.fnUntraced(function* (
    trust: AgentTrust,
    { header }: Verified,
    { at, box }: HeardReport,
    device: DeviceId
  ) {
    const heard = yield* unbox(crypto, trust.reportKeys(header.keyId), header, box, decodeHeard)
    const origin = { actor: actorOf(header), causationId: header.commandId }
    return yield* facts.receive(heard, { device, at, origin })
  })

  const showPresence = Effect.fnUntraced(function* (
    trust: AgentTrust,
    { header }: Verified,
    { at, box }: PresenceReport,
    device: DeviceId
  ) {
    const presence = yield* unbox(crypto, trust.reportKeys(header.keyId), header, box, decodePresence)
    yield* presences.show(device, at, presence)
  })

  const recordRead = ({ header }: Verified, { at, fact }: ReadReport, device: DeviceId, eventId: EventId) =>
    readings.record(fact, { answers: answered(header), device, at, actor: actorOf(header), eventId })

  /** Sealed as a person's, under the number itself: erasing it takes it from here as well. */
  const recordNumber = Effect.fnUntraced(function* (
    trust: AgentTrust,
    { header }: Verified,
    { asOf, box }: NumberReport,
    device: DeviceId,
    eventId: EventId
  ) {
    const { number } = yield* unbox(crypto, trust.reportKeys(header.keyId), header, box, decodeNumber)
    const seal = yield* personal.sealFor("phone", number)
    const told = { asOf, agent: header.agent as AgentId, number: seal(eventId, "number", number) }
    yield* devices.execute(
      Device.streamOf(device),
      () => ({ _tag: "RecordNumber", ...told }),
      originOf(header, device),
      { eventId }
    )
  })

  /** Whose a device is stands in its first event, for ever; the registry may not show it yet. */
  const read = Effect.fnUntraced(function* (device: DeviceId) {
    const [first] = yield* store.read(Device.streamOf(device))
    const created = first && Device.read(first)
    return created?.type === "device.created" ? agentOf(created.data) : undefined
  })
  const ownerOf = (device: DeviceId) => {
    const known = registry.get(device)
    return known === undefined ? read(device) : Effect.succeed(known.agent)
  }

  type Recording = ReturnType<
    | typeof recordMessage
    | typeof recordDevice
    | typeof recordFact
    | typeof recordNumber
    | typeof recordRead
    | typeof showCode
    | typeof showPresence
  >
  type Recorded = Effect.Effect<unknown, Effect.Error<Recording> | Undecodable>

  /** The header names a device of the signer's choice: an agent is heard about its own. */
  const ifOwn = ({ agent }: AgentTrust, { device }: Header, recording: (device: DeviceId) => Recording): Recorded =>
    isDeviceId(device)
      ? Effect.flatMap(ownerOf(device), (owner): Recorded => {
          if (owner === agent) return recording(device)
          return Effect.fail(new DeviceRejected({ reason: owner === undefined ? "not_created" : "other_agent" }))
        })
      : Effect.fail(new Undecodable())

  return (
    trust: AgentTrust,
    verified: Verified,
    told: Told
  ): { readonly id: EventId | undefined; readonly recorded: Recorded } => {
    const { header } = verified
    switch (told.kind) {
      case "message": {
        const report = reportOf(header, told)
        const id = outcomes.nameOf(answered(header), report)
        return { id, recorded: ifOwn(trust, header, (device) => recordMessage(verified, told, report, device, id)) }
      }
      case "device": {
        const id = reportIdOf(crypto, header.commandId, Number(header.attempt), deviceReportKey(told))
        return { id, recorded: ifOwn(trust, header, (device) => recordDevice(verified, told, device, id)) }
      }
      case "heard": {
        const id = answered(header) // the report is about no command: the name is its own
        return { id, recorded: ifOwn(trust, header, (device) => recordFact(trust, verified, told, device)) }
      }
      case "number": {
        const id = reportIdOf(crypto, header.commandId, Number(header.attempt), numberReportKey(told.asOf))
        return { id, recorded: ifOwn(trust, header, (device) => recordNumber(trust, verified, told, device, id)) }
      }
      case "read_marked": {
        const id = reportIdOf(crypto, header.commandId, Number(header.attempt), told.kind)
        return { id, recorded: ifOwn(trust, header, (device) => recordRead(verified, told, device, id)) }
      }
      case "pairing_code":
        return { id: undefined, recorded: ifOwn(trust, header, (device) => showCode(trust, verified, told, device)) }
      case "presence":
        return {
          id: undefined,
          recorded: ifOwn(trust, header, (device) => showPresence(trust, verified, told, device))
        }
    }
  }
})

/**
 * Turns verified reports into events of the streams they are about, with the signed bytes. A report's id names it in the
 * agent's ledger, and its event; what is shown alone has none.
 */
export class ReportRecords extends Context.Service<ReportRecords, Effect.Success<typeof make>>()(
  "homing/services/transports/agent-link/ReportRecords"
) {}

export const layer = Layer.effect(ReportRecords, make)
