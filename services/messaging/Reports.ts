import { type Array, Effect, Layer, Schema, Stream } from "effect"
import { base64url } from "#domain/Bytes.ts"
import { type ChangeEvent, streamOf as deviceStreamOf } from "#domain/device/Device.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import { type AgentId, DeviceId, type EventId } from "#domain/Ids.ts"
import { streamOf as messageStreamOf } from "#domain/message/Message.ts"
import { type Report, reportKey } from "#domain/message/Status.ts"
import { CommandBus, type Incoming, type Lane, subjectOf } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { EnvelopeRefused, type Header, type Verified, verifyBatch } from "#domain/wire/Envelope.ts"
import { AgentReport, CodeBox, payloadReader, unbox } from "#domain/wire/Protocol.ts"
import { DeviceActors } from "../devices/DeviceActors.ts"
import { PairingCodes } from "../devices/PairingCodes.ts"
import { type AgentTrust, StoreIdentity } from "../identity/StoreIdentity.ts"
import { patiently } from "../runtime/Patience.ts"
import { type Origin, Provenance } from "../runtime/Provenance.ts"
import { MessageActors } from "./MessageActors.ts"
import { Receipts } from "./Receipts.ts"

type MessageReport = Extract<AgentReport, { kind: "message" }>
type DeviceReport = Extract<AgentReport, { kind: "device" }>
type CodeReport = Extract<AgentReport, { kind: "pairing_code" }>

const isDeviceId = Schema.is(DeviceId)
const readReport = payloadReader(AgentReport)
const decodeCode = Schema.decodeUnknownSync(CodeBox)

/**
 * Turns an agent's signed reports into events of the streams they are about. The report's id names the event, and the
 * signed bytes stay with it. A report is acknowledged to the bus, and receipted to the agent, when the log holds it.
 */
export const layer = (agent: AgentId) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const bus = yield* CommandBus
      const crypto = yield* Crypto
      const identity = yield* StoreIdentity
      const codes = yield* PairingCodes
      const receipts = yield* Receipts
      const step = yield* Steps
      const { tenant } = yield* Provenance
      const messages = yield* MessageActors
      const devices = yield* DeviceActors
      const lane: Lane = { kind: "reports", agent }

      /** Is this envelope about this log, from this agent, on its own lane? */
      const belongs = ({ header }: Verified) =>
        header.direction === "homing/report/1" &&
        header.tenant === tenant &&
        header.agent === agent &&
        header.lane === subjectOf(lane) &&
        header.epoch === identity.epoch &&
        isDeviceId(header.device) &&
        /^\d{1,9}$/.test(header.attempt)

      const originOf = (header: Header, correlationId: string): Origin => ({
        actor: { kind: "agent", id: agent },
        correlationId,
        causationId: header.commandId
      })

      const recordMessage = ({ bytes, header }: Verified, told: MessageReport) => {
        const attempt = Number(header.attempt)
        const { at, claim, code, message, recipient } = told
        const report: Report = {
          kind: claim,
          attempt,
          ...(recipient !== undefined && { recipient }),
          ...(code !== undefined && { code })
        }
        const id = reportIdOf(crypto, header.commandId, attempt, reportKey(report))
        const device = DeviceId.make(header.device)
        const evidence = base64url(bytes)
        return messages
          .execute(
            messageStreamOf(message),
            () => ({ _tag: "Record", device, report, at, evidence }),
            originOf(header, message),
            { eventId: id }
          )
          .pipe(Effect.as(id))
      }

      const recordDevice = Effect.fnUntraced(function* ({ bytes, header }: Verified, told: DeviceReport) {
        const device = DeviceId.make(header.device)
        const { at, change, reason = "unspecified", step: number } = told
        const data = { step: number, at, evidence: base64url(bytes) }
        const event: ChangeEvent =
          change === "paired" || change === "connected"
            ? { type: `device.${change}.v1`, data }
            : { type: `device.${change}.v1`, data: { ...data, reason } }
        const id = reportIdOf(crypto, header.commandId, Number(header.attempt), `${change} ${number}`)
        if (change === "paired" || change === "connected") yield* codes.hide(device)
        yield* devices.execute(deviceStreamOf(device), () => ({ _tag: "Record", event }), originOf(header, device), {
          eventId: id
        })
        return id
      })

      const showCode = Effect.fnUntraced(function* (trust: AgentTrust, { header }: Verified, told: CodeReport) {
        const { expiresAt, method } = told
        const { code } = yield* unbox(crypto, trust.reportKey, header, told.box, decodeCode)
        yield* codes.show(DeviceId.make(header.device), { method, code, expiresAt })
        return undefined
      })

      /** The id of the event that now stands in the log, if the report makes one. */
      const record = Effect.fnUntraced(function* (trust: AgentTrust, verified: Verified) {
        const told = yield* readReport(verified.payload)
        if (told.kind === "message") return yield* recordMessage(verified, told)
        if (told.kind === "device") return yield* recordDevice(verified, told)
        return yield* showCode(trust, verified, told)
      })

      /** Nothing that can never be recorded comes again for ever: it is logged, and taken off the bus. */
      const refuse = (reason: string) =>
        Effect.as(Effect.logWarning("an agent's report was refused", { agent, reason }), undefined)

      const take = Effect.fnUntraced(function* (trust: AgentTrust, answer: Verified | EnvelopeRefused, from: Incoming) {
        if (answer instanceof EnvelopeRefused) yield* refuse(answer.reason)
        else if (!belongs(answer)) yield* refuse("not_for_this_log")
        else {
          step("gateway.report-received")
          const id: EventId | undefined = yield* record(trust, answer).pipe(
            Effect.catchTags({
              Undecodable: () => refuse("undecodable"),
              MessageRejected: ({ reason }) => refuse(reason),
              DeviceRejected: ({ reason }) => refuse(reason)
            })
          )
          step("gateway.report-recorded")
          if (id !== undefined) receipts.give(agent, [id])
        }
        yield* from.acknowledge
      })

      /** What the store did not take is not acknowledged: it is tried again, and the agent keeps it meanwhile. */
      const takeSurely = (trust: AgentTrust, answer: Verified | EnvelopeRefused, from: Incoming) =>
        take(trust, answer, from).pipe(
          Effect.catchTag("EventStoreUnavailable", () => Effect.retry(take(trust, answer, from), patiently)),
          Effect.catchCause((cause) => Effect.logError("a report could not be recorded; the agent keeps it", cause))
        )

      const takeAll = Effect.fnUntraced(function* (incoming: Array.NonEmptyReadonlyArray<Incoming>) {
        const trust = identity.agent(agent)
        if (trust === undefined) return yield* Effect.die(new Error("reports of an agent that was never enrolled"))
        const envelopes = incoming.map(({ bytes }) => bytes)
        const answers = yield* verifyBatch(crypto, trust.verifyingKey, envelopes)
        yield* Effect.forEach(answers, (answer, i) => takeSurely(trust, answer, incoming[i]!), {
          concurrency: "unbounded",
          discard: true
        })
      })

      // Batches overlap: one stream's reports are ordered by its actor, and a status does not depend on their order.
      yield* bus.subscribe(lane).pipe(
        Stream.runForEachArray((incoming) => Effect.forkChild(takeAll(incoming), { startImmediately: true })),
        Effect.retry(patiently),
        Effect.forkScoped
      )
    })
  )
