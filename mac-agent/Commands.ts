import { Array, Clock, Effect, Layer, Schedule, Schema, Stream } from "effect"
import { DeviceId, EventId, SubjectId } from "#domain/Ids.ts"
import { fromMillis, Instant } from "#domain/Instant.ts"
import { CommandBus, type Incoming, type Lane, subjectOf } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { EnvelopeRefused, type Header, type Verified, verifyBatch } from "#domain/wire/Envelope.ts"
import { AgentCommand, PairBox, payloadReader, SendBox, Undecodable, unbox } from "#domain/wire/Protocol.ts"
import type { GatewayPin } from "#domain/wire/Trust.ts"
import { Reporter } from "./Reporter.ts"
import { Sender } from "./Sender.ts"
import { Sessions } from "./Sessions.ts"
import { Trust } from "./Trust.ts"

type Send = Extract<AgentCommand, { kind: "send" }>
type Pair = Extract<AgentCommand, { kind: "pair" }>

const readCommand = payloadReader(AgentCommand)
const decodeSend = Schema.decodeUnknownSync(SendBox)
const decodePair = Schema.decodeUnknownSync(PairBox)
/** The parts of a header that commands about a device rely on. */
const decodeHeader = Schema.decodeUnknownSync(
  Schema.Struct({
    commandId: EventId,
    device: DeviceId,
    attempt: Schema.String.check(Schema.isPattern(/^[1-9]\d{0,8}$/)),
    position: Schema.String.check(Schema.isPattern(/^\d{1,15}$/)), // exact as a number too
    expiresAt: Instant
  })
)
const decodeSubject = Schema.decodeUnknownSync(SubjectId)

/** Verifies what comes from the gateway, then parses it, then acts. The bus hears that it arrived when it is durable. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* CommandBus
    const crypto = yield* Crypto
    const reporter = yield* Reporter
    const sender = yield* Sender
    const sessions = yield* Sessions
    const trust = yield* Trust
    const whatsapp = yield* WhatsApp
    const lane: Lane = { kind: "commands", agent: trust.agent }

    const belongs = ({ header }: Verified) =>
      header.direction === "homing/command/1" &&
      header.tenant === trust.tenant &&
      header.agent === trust.agent &&
      header.lane === subjectOf(lane) &&
      header.epoch === trust.epoch

    const parse = <A>(decode: (header: Header) => A, header: Header) =>
      Effect.try({ try: () => decode(header), catch: () => new Undecodable() })

    const refuse = (reason: string) =>
      Effect.as(Effect.logWarning("a command was refused", { agent: trust.agent, reason }), undefined)

    const entryOf = Effect.fnUntraced(function* (header: Header, command: Send, now: Instant) {
      const { attempt, commandId, device, expiresAt, position } = yield* parse(decodeHeader, header)
      const subject = yield* parse((_) => decodeSubject(_.subject), header)
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
        bytes: yield* whatsapp.encode(content)
      }
      return entry
    })

    const pair = Effect.fnUntraced(function* (header: Header, command: Pair, now: Instant) {
      const { attempt, commandId, device, expiresAt, position } = yield* parse(decodeHeader, header)
      if (expiresAt <= now) return yield* refuse("expired")
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
      if (outcome === "learned") yield* Effect.logInfo("the gateway's keys changed", { revision: pin.revision })
      if (outcome === "foreign") yield* refuse("foreign_pin")
    })

    /** A send becomes an entry for the ledger; everything else is done here. */
    const take = Effect.fnUntraced(
      function* (answer: Verified | EnvelopeRefused, now: Instant) {
        if (answer instanceof EnvelopeRefused) return yield* refuse(answer.reason)
        if (!belongs(answer)) return yield* refuse("not_for_this_agent")
        const command = yield* readCommand(answer.payload)
        if (command.kind === "send") return yield* entryOf(answer.header, command, now)
        if (command.kind === "pair") yield* pair(answer.header, command, now)
        if (command.kind === "receipt") yield* reporter.receipted(command.reports)
        if (command.kind === "trust") yield* learn(command.pin)
        return undefined
      },
      Effect.catchTag("Undecodable", () => refuse("undecodable")),
      Effect.catchTag("PinStoreUnavailable", (error) =>
        Effect.as(Effect.logError("what the gateway announced cannot be kept; it announces it again", error), undefined)
      ),
      // one command that cannot be handled does not stop those behind it; the gateway issues it again
      Effect.catchDefect((defect) => refuse(defect instanceof Error ? defect.name : "broken"))
    )

    const takeAll = Effect.fnUntraced(function* (incoming: Array.NonEmptyReadonlyArray<Incoming>) {
      const millis = yield* Clock.currentTimeMillis
      const now = fromMillis(millis)
      const answers = yield* verifyBatch(
        crypto,
        (keyId) => trust.gatewayKey(keyId, millis),
        incoming.map(({ bytes }) => bytes)
      )
      const entries: globalThis.Array<LedgerEntry> = []
      for (const answer of answers) {
        const entry = yield* take(answer, now)
        if (entry !== undefined) entries.push(entry)
      }
      const accepted = Array.isReadonlyArrayNonEmpty(entries) ? sender.accept(entries) : Effect.void
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
