import { Array, Clock, Effect, Layer, Schema, Stream } from "effect"
import * as AtOnce from "#domain/AtOnce.ts"
import { DeviceId, EventId, SubjectId } from "#domain/Ids.ts"
import { fromMillis, Instant, toMillis } from "#domain/Instant.ts"
import type { GatewayPin } from "#domain/identity/Trust.ts"
import { patiently } from "#domain/Patience.ts"
import { CommandBus, type Incoming, type Lane } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import type { Header } from "#domain/wire/Envelope.ts"
import { type AgentCommand, decoding, PairBox, ReadBox, SendBox, unbox } from "#domain/wire/Protocol.ts"
import { isDone, type Received, Refused, receiving, take } from "#domain/wire/Receiving.ts"
import { heartbeatsSince, SpokenVersions } from "#domain/wire/Versions.ts"
import { Hearing } from "./hearing/Hearing.ts"
import { Dialect } from "./link/Dialect.ts"
import { GatewayClock } from "./link/GatewayClock.ts"
import { Heartbeat } from "./link/Heartbeat.ts"
import { Refusals } from "./link/Refusals.ts"
import { Reporter } from "./link/Reporter.ts"
import { Trust } from "./link/Trust.ts"
import { Reading } from "./reading/Reading.ts"
import { Sender } from "./sending/Sender.ts"
import { taken } from "./sending/Taken.ts"
import { Sessions } from "./sessions/Sessions.ts"
import { Witness } from "./witnessing/Witness.ts"

type Send = Extract<AgentCommand, { kind: "send" }>
type Manage = Extract<AgentCommand, { kind: "pair" | "unlink" | "reconnect" }>
type Read = Extract<AgentCommand, { kind: "read" }>

const decodeSend = Schema.decodeUnknownSync(SendBox)
const decodePair = Schema.decodeUnknownSync(PairBox)
const decodeRead = Schema.decodeUnknownSync(ReadBox)
/** The parts of a header that commands about a device rely on. */
const deviceHeader = {
  commandId: EventId,
  device: DeviceId,
  attempt: Schema.String.check(Schema.isPattern(/^[1-9]\d{0,8}$/)),
  position: Schema.String.check(Schema.isPattern(/^\d{1,15}$/)), // exact as a number too
  expiresAt: Instant
}
const decodeDeviceHeader = Schema.decodeUnknownSync(Schema.Struct(deviceHeader))
const decodeSendHeader = Schema.decodeUnknownSync(Schema.Struct({ ...deviceHeader, subject: SubjectId }))

/** Verifies what comes from the gateway, then parses it, then acts. The bus hears that it arrived when it is durable. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* CommandBus
    const clock = yield* GatewayClock
    const crypto = yield* Crypto
    const dialect = yield* Dialect
    const hearing = yield* Hearing
    const heartbeat = yield* Heartbeat
    const reading = yield* Reading
    const refusals = yield* Refusals
    const reporter = yield* Reporter
    const sender = yield* Sender
    const sessions = yield* Sessions
    const traces = yield* Traces
    const trust = yield* Trust
    const whatsapp = yield* WhatsApp
    const witness = yield* Witness
    const open = yield* receiving((yield* SpokenVersions).commands)
    const lane: Lane = { kind: "commands", agent: trust.agent }
    const { epoch, tenant } = trust

    const entryOf = AtOnce.fn(function* (header: Header, command: Send, now: Instant) {
      const { attempt, commandId, device, expiresAt, position, subject } = yield* decoding(() =>
        decodeSendHeader(header)
      )
      const personal = yield* unbox(crypto, trust.commandKeys(header.keyId), header, command.box, decodeSend)
      const entry: LedgerEntry = {
        epoch,
        position: BigInt(position),
        commandId,
        attempt: Number(attempt),
        message: command.message,
        device,
        subject,
        waMessageId: command.waMessageId,
        acceptedAt: now,
        expiresAt,
        state: "prepared",
        attemptedAt: undefined,
        ...(command.trace !== undefined && { trace: command.trace }),
        to: personal.to,
        bytes: yield* whatsapp.encode(device, personal)
      }
      return entry
    })

    const orderOf = (header: Header) =>
      Effect.map(
        decoding(() => decodeDeviceHeader(header)),
        ({ attempt, commandId, device, position }) => ({
          epoch,
          position: BigInt(position),
          device,
          commandId,
          attempt: Number(attempt)
        })
      )
    const manage = Effect.fnUntraced(function* (header: Header, command: Manage) {
      const order = yield* orderOf(header)
      if (command.kind === "unlink") return yield* sessions.unlink(order)
      if (command.kind === "reconnect") return yield* sessions.reconnect(order)
      const pairing = yield* unbox(crypto, trust.commandKeys(header.keyId), header, command.box, decodePair)
      yield* sessions.pair(order, pairing)
    })

    const read = Effect.fnUntraced(function* (header: Header, command: Read) {
      const { attempt, commandId, device, expiresAt, position } = yield* decoding(() => decodeDeviceHeader(header))
      const message = yield* unbox(crypto, trust.commandKeys(header.keyId), header, command.box, decodeRead)
      yield* reading.mark({
        commandId,
        attempt: Number(attempt),
        position: BigInt(position),
        device,
        expiresAt,
        fact: command.fact,
        message
      })
    })

    const learn = Effect.fnUntraced(
      function* (pin: GatewayPin) {
        const outcome = yield* trust.learn(pin)
        if (outcome === "foreign") return yield* new Refused({ reason: "foreign_pin" })
        if (outcome === "learned") yield* Effect.logInfo("the gateway's keys changed", { revision: pin.revision })
        return yield* heartbeat.now // so that the gateway stops announcing it
      },
      Effect.catchTag("PinStoreUnavailable", (error) =>
        Effect.logError("what the gateway announced cannot be kept; it announces it again", error)
      )
    )

    /** A send becomes an entry for the ledger, which knows what to do with an expired one; the rest is done here. */
    const obey = AtOnce.fn(function* (received: Received<AgentCommand>, now: Instant) {
      const { header, said: command, version } = received
      if (command.kind === "heartbeat") dialect.knows(command.protocol)
      else dialect.heard(version)
      if (version < heartbeatsSince) yield* heartbeat.heardVersion1
      if (command.kind === "heartbeat") return yield* clock.answered(command.asked, toMillis(command.at))
      if (command.kind === "send") return yield* entryOf(header, command, now)
      if (clock.isSet() && header.expiresAt <= now) return yield* new Refused({ reason: "expired" })
      if (command.kind === "receipt") {
        yield* hearing.acknowledged(command.reports)
        return yield* reporter.acknowledged(command.reports)
      }
      if (command.kind === "trust") return yield* learn(command.pin)
      if (command.kind === "witness") return yield* witness.look(header, command)
      if (command.kind === "read") return yield* read(header, command)
      return yield* manage(header, command)
    })

    /** One command that breaks does not stop those behind it; the gateway issues it again. */
    const obeySafely = (received: Received<AgentCommand>, now: Instant) => {
      const obeyed = obey(received, now)
      if (isDone(obeyed)) return obeyed
      return Effect.catchDefect(obeyed, (defect) =>
        Effect.andThen(Effect.logError("a command broke", defect), new Refused({ reason: "broken" }))
      )
    }

    const notNew = Effect.fnUntraced(function* (
      answers: ReadonlyArray<"accepted" | "known" | "contradicted">,
      envelopes: ReadonlyArray<Uint8Array>
    ) {
      for (const [i, answer] of answers.entries()) {
        if (answer === "known") refusals.repeated()
        if (answer === "contradicted") yield* refusals.refuse("contradicts_ledger", envelopes[i]!)
      }
    })

    const takeAll = Effect.fnUntraced(function* (incoming: Array.NonEmptyReadonlyArray<Incoming>) {
      const millis = yield* Clock.currentTimeMillis
      const now = fromMillis(millis)
      const answers = yield* open(
        { lane, tenant, epoch, keyOf: (keyId) => trust.gatewayKey(keyId, millis) },
        incoming.map(({ bytes }) => bytes)
      )
      const entries: globalThis.Array<LedgerEntry> = []
      const envelopes: globalThis.Array<Uint8Array> = []
      for (const [i, answer] of answers.entries()) {
        const { bytes } = incoming[i]!
        const entry = yield* take(
          answer,
          (received) => obeySafely(received, now),
          (reason) => refusals.refuse(reason, bytes)
        )
        if (entry === undefined) continue
        entries.push(entry)
        envelopes.push(bytes)
      }
      const under = taken(traces, entries)
      const accepted = Array.isReadonlyArrayNonEmpty(under.entries)
        ? Effect.flatMap(Effect.tap(sender.accept(under.entries), Effect.sync(under.end)), (known) =>
            notNew(known, envelopes)
          )
        : Effect.void
      const acknowledged = Effect.forEach(incoming, (one) => one.acknowledge, { discard: true })
      // the next batch is verified while the ledger writes this one; chats were claimed in the lane's order
      yield* Effect.forkChild(Effect.andThen(accepted, acknowledged), { startImmediately: true })
    })

    yield* bus.subscribe(lane).pipe(
      Stream.runForEachArray(takeAll),
      Effect.andThen(Effect.fail("the subscription ended")),
      Effect.sandbox,
      Effect.tapError((cause) => Effect.logError("the bus is not available; commands are taken again shortly", cause)),
      Effect.retry(patiently),
      Effect.forkScoped
    )
  })
)
