import { Context, Effect, Layer, Schema } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { type ChangeEvent, DeviceRejected, streamOf as deviceStreamOf, readDeviceEvent } from "#domain/device/Device.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import { type AgentId, DeviceId, type EventId } from "#domain/Ids.ts"
import { streamOf as messageStreamOf } from "#domain/message/Message.ts"
import { type Report, reportKey } from "#domain/message/Status.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Header, Verified } from "#domain/wire/Envelope.ts"
import { type AgentReport, CodeBox, Undecodable, unbox } from "#domain/wire/Protocol.ts"
import { DeviceActors } from "../devices/DeviceActors.ts"
import { PairingCodes } from "../devices/PairingCodes.ts"
import type { AgentTrust } from "../identity/AgentTrust.ts"
import type { DeviceRegistry } from "../projections/DevicesView.ts"
import type { Origin } from "../runtime/Provenance.ts"
import { MessageActors } from "./MessageActors.ts"

type MessageReport = Extract<AgentReport, { kind: "message" }>
type DeviceReport = Extract<AgentReport, { kind: "device" }>
type CodeReport = Extract<AgentReport, { kind: "pairing_code" }>

const isDeviceId = Schema.is(DeviceId)
const decodeCode = Schema.decodeUnknownSync(CodeBox)

const originOf = ({ agent, commandId }: Header, correlationId: string): Origin => ({
  actor: { kind: "agent", id: agent },
  correlationId,
  causationId: commandId
})

const make = Effect.fnUntraced(function* (registry: DeviceRegistry) {
  const crypto = yield* Crypto
  const codes = yield* PairingCodes
  const messages = yield* MessageActors
  const devices = yield* DeviceActors
  const store = yield* EventStore

  /** Whose a device is stands in its first event, for ever; the registry may not show it yet. */
  const read = Effect.fnUntraced(function* (device: DeviceId) {
    const [first] = yield* store.read(deviceStreamOf(device))
    const created = first && readDeviceEvent(first)
    return created?.type === "device.created.v1" ? created.data.agent : undefined
  })
  const agentOf = (device: DeviceId) => {
    const known = registry.get(device)
    return known === undefined ? read(device) : Effect.succeed(known.agent)
  }

  /** The header names a device of the signer's choice: only what is said of its own is heard. */
  const ifOwn = <A, E>(agent: AgentId, device: DeviceId, then: Effect.Effect<A, E>) =>
    Effect.flatMap(agentOf(device), (owner): Effect.Effect<A, E | DeviceRejected> => {
      if (owner === agent) return then
      return Effect.fail(new DeviceRejected({ reason: owner === undefined ? "not_created" : "other_agent" }))
    })

  const recordMessage = ({ bytes, header }: Verified, device: DeviceId, told: MessageReport) => {
    const attempt = Number(header.attempt)
    const { at, claim, code, message, recipient } = told
    const report: Report = {
      kind: claim,
      attempt,
      ...(recipient !== undefined && { recipient }),
      ...(code !== undefined && { code })
    }
    const id = reportIdOf(crypto, header.commandId, attempt, reportKey(report))
    const evidence = base64url(bytes)
    return messages
      .execute(
        messageStreamOf(message),
        () => ({ _tag: "Record", device, answers: header.commandId as EventId, report, at, evidence }),
        originOf(header, message),
        { eventId: id }
      )
      .pipe(Effect.as(id))
  }

  const recordDevice = Effect.fnUntraced(function* ({ bytes, header }: Verified, device: DeviceId, told: DeviceReport) {
    const { at, change, reason = "unspecified", step: number } = told
    const data = { step: number, at, evidence: base64url(bytes) }
    const event: ChangeEvent =
      change === "paired" || change === "connected"
        ? { type: `device.${change}.v1`, data }
        : { type: `device.${change}.v1`, data: { ...data, reason } }
    const id = reportIdOf(crypto, header.commandId, Number(header.attempt), `${change} ${number}`)
    const agent = header.agent as AgentId
    yield* devices.execute(deviceStreamOf(device), () => ({ _tag: "Record", agent, event }), originOf(header, device), {
      eventId: id
    })
    if (change === "paired" || change === "connected") yield* codes.hide(device)
    return id
  })

  const showCode = Effect.fnUntraced(function* (
    trust: AgentTrust,
    { header }: Verified,
    device: DeviceId,
    told: CodeReport
  ) {
    const { expiresAt, method } = told
    const { code } = yield* unbox(crypto, trust.reportKeys(header.keyId), header, told.box, decodeCode)
    yield* codes.show(device, { method, code, expiresAt })
    return undefined
  })

  type Recorded = ReturnType<typeof recordMessage | typeof recordDevice | typeof showCode>
  type Failure = Effect.Error<Recorded> | Undecodable

  return (
    trust: AgentTrust,
    verified: Verified,
    told: MessageReport | DeviceReport | CodeReport
  ): Effect.Effect<EventId | undefined, Failure> => {
    const { device } = verified.header
    if (!isDeviceId(device)) return Effect.fail(new Undecodable())
    switch (told.kind) {
      case "message":
        return ifOwn(trust.agent, device, recordMessage(verified, device, told))
      case "device":
        return recordDevice(verified, device, told)
      case "pairing_code":
        return ifOwn(trust.agent, device, showCode(trust, verified, device, told))
    }
  }
})

/**
 * Turns verified reports into events of the streams they are about. The report's id names the event, and the signed bytes
 * stay with it. Answers the id of the event that now stands in the log, if the report makes one.
 */
export class ReportRecords extends Context.Service<ReportRecords, Effect.Success<ReturnType<typeof make>>>()(
  "homing/services/messaging/ReportRecords"
) {}

export const layer = (options: { readonly registry: DeviceRegistry }) =>
  Layer.effect(ReportRecords, make(options.registry))
