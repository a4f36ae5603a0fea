import { Array, Clock, Effect, Exit, Layer, Schedule, Schema, Stream } from "effect"
import * as AtOnce from "#domain/AtOnce.ts"
import { DeviceId, EventId, SubjectId } from "#domain/Ids.ts"
import { fromMillis, Instant, toMillis } from "#domain/Instant.ts"
import type { GatewayPin } from "#domain/identity/Trust.ts"
import { CommandBus, type Incoming, type Lane, subjectOf } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { EnvelopeRefused, type Header, type Verified, verifyBatch, versionOf } from "#domain/wire/Envelope.ts"
import {
  AgentCommand,
  AgentCommandV1,
  decoding,
  PairBox,
  payloadReader,
  SendBox,
  unbox
} from "#domain/wire/Protocol.ts"
import { Dialect } from "./link/Dialect.ts"
import { GatewayClock } from "./link/GatewayClock.ts"
import { Heartbeat } from "./link/Heartbeat.ts"
import { Refusals } from "./link/Refusals.ts"
import { Reporter } from "./link/Reporter.ts"
import { Trust } from "./link/Trust.ts"
import { Sender } from "./sending/Sender.ts"
import { Sessions } from "./sessions/Sessions.ts"

type Send = Extract<AgentCommand, { kind: "send" }>
type Pair = Extract<AgentCommand, { kind: "pair" }>

/** A verified command that is not to be obeyed, or an envelope that is none. */
class Refused extends Schema.TaggedError<Refused>()("Refused", { reason: Schema.String }) {}

const decodeSend = Schema.decodeUnknownSync(SendBox)
const decodePair = Schema.decodeUnknownSync(PairBox)
/** The parts of a header that commands about a device rely on. */
const deviceHeader = {
  commandId: EventId,
  device: DeviceId,
  attempt: Schema.String.check(Schema.isPattern(/^[1-9]\d{0,8}$/)),
  position: Schema.String.check(Schema.isPattern(/^\d{1,15}$/)), // exact as a number too
  expiresAt: Instant
}
const decodePairHeader = Schema.decodeUnknownSync(Schema.Struct(deviceHeader))
const decodeSendHeader = Schema.decodeUnknownSync(Schema.Struct({ ...deviceHeader, subject: SubjectId }))

/** Verifies what comes from the gateway, then parses it, then acts. The bus hears that it arrived when it is durable. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* CommandBus
    const clock = yield* GatewayClock
    const crypto = yield* Crypto
    const dialect = yield* Dialect
    const heartbeat = yield* Heartbeat
    const refusals = yield* Refusals
    const reporter = yield* Reporter
    const sender = yield* Sender
    const sessions = yield* Sessions
    const trust = yield* Trust
    const whatsapp = yield* WhatsApp
    const lane: Lane = { kind: "commands", agent: trust.agent }
    const readCommand = payloadReader(dialect.newest >= 2 ? AgentCommand : AgentCommandV1)

    /** Why this envelope is not this agent's to obey. */
    const foreign = ({ header }: Verified) => {
      const version = versionOf(header.direction, "command")
      if (version === undefined) return "wrong_direction"
      if (version > dialect.newest) return "unknown_version"
      if (header.tenant !== trust.tenant) return "wrong_tenant"
      if (header.agent !== trust.agent) return "wrong_agent"
      if (header.lane !== subjectOf(lane)) return "wrong_lane"
      if (header.epoch !== trust.epoch) return "wrong_epoch"
      return undefined
    }

    const entryOf = AtOnce.fn(function* (header: Header, command: Send, now: Instant) {
      const { attempt, commandId, device, expiresAt, position, subject } = yield* decoding(() =>
        decodeSendHeader(header)
      )
      const { content, to } = yield* unbox(crypto, trust.commandKeys(header.keyId), header, command.box, decodeSend)
      const entry: LedgerEntry = {
        epoch: header.epoch,
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
        to,
        bytes: yield* whatsapp.encode(device, { to, content })
      }
      return entry
    })

    const pair = Effect.fnUntraced(function* (header: Header, command: Pair) {
      const { attempt, commandId, device, position } = yield* decoding(() => decodePairHeader(header))
      const pairing = yield* unbox(crypto, trust.commandKeys(header.keyId), header, command.box, decodePair)
      const { epoch } = header
      yield* sessions.pair({
        epoch,
        position: BigInt(position),
        device,
        commandId,
        attempt: Number(attempt),
        pairing,
        reported: 0
      })
    })

    const learn = Effect.fnUntraced(function* (pin: GatewayPin) {
      const outcome = yield* trust.learn(pin)
      if (outcome === "foreign") return yield* new Refused({ reason: "foreign_pin" })
      if (outcome === "learned") yield* Effect.logInfo("the gateway's keys changed", { revision: pin.revision })
      return yield* heartbeat.now // so that the gateway stops announcing it
    })

    /** A send becomes an entry for the ledger, which knows what to do with an expired one; the rest is done here. */
    const obey = AtOnce.fn(function* (answer: Verified | EnvelopeRefused, now: Instant) {
      if (answer instanceof EnvelopeRefused) return yield* new Refused({ reason: answer.reason })
      const reason = foreign(answer)
      if (reason !== undefined) return yield* new Refused({ reason })
      const { header, payload } = answer
      const command = yield* readCommand(payload)
      const version = versionOf(header.direction, "command")!
      if (command.kind === "heartbeat") dialect.told(command.protocol)
      else dialect.heard(version)
      if (version === 1) yield* heartbeat.heardVersion1
      if (command.kind === "heartbeat") return yield* clock.answered(command.asked, toMillis(command.at))
      if (command.kind === "send") return yield* entryOf(header, command, now)
      if (clock.isSet() && header.expiresAt <= now) return yield* new Refused({ reason: "expired" })
      if (command.kind === "pair") return yield* pair(header, command)
      if (command.kind === "receipt") return yield* reporter.receipted(command.reports)
      return yield* learn(command.pin)
    })

    /** One command that cannot be obeyed does not stop those behind it; the gateway issues it again. */
    const take = (answer: Verified | EnvelopeRefused, now: Instant, { bytes }: Incoming) => {
      const obeyed = obey(answer, now)
      if (Exit.isExit(obeyed) && Exit.isSuccess(obeyed)) return obeyed // as most are, and then there is no more to do
      return obeyed.pipe(
        Effect.catchTag("PinStoreUnavailable", (error) =>
          Effect.logError("what the gateway announced cannot be kept; it announces it again", error)
        ),
        Effect.catchTags({
          Refused: ({ reason }) => refusals.refuse(reason, bytes),
          Undecodable: () => refusals.refuse("undecodable", bytes)
        }),
        Effect.catchDefect((defect) =>
          Effect.andThen(Effect.logError("a command broke", defect), refusals.refuse("broken", bytes))
        )
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
      const answers = yield* verifyBatch(
        crypto,
        (keyId) => trust.gatewayKey(keyId, millis),
        incoming.map(({ bytes }) => bytes)
      )
      const entries: globalThis.Array<LedgerEntry> = []
      const envelopes: globalThis.Array<Uint8Array> = []
      for (const [i, answer] of answers.entries()) {
        const entry = yield* take(answer, fromMillis(millis), incoming[i]!)
        if (entry === undefined) continue
        entries.push(entry)
        envelopes.push(incoming[i]!.bytes)
      }
      const accepted = Array.isReadonlyArrayNonEmpty(entries)
        ? Effect.flatMap(sender.accept(entries), (known) => notNew(known, envelopes))
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
      Effect.retry(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])),
      Effect.forkScoped
    )
  })
)
