import { join } from "node:path"
import { Array, Context, Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { base64url } from "#domain/Bytes.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import { AgentId, DeviceId, defaultTenant, type EventId, MessageId, SubjectId, WaMessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { reportKey as keyOf } from "#domain/message/Status.ts"
import { CommandBus, type Outgoing, subjectOf } from "#domain/ports/CommandBus.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { RefusalLog } from "#domain/ports/RefusalLog.ts"
import { type Step, Steps } from "#domain/ports/Steps.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import {
  EnvelopeRefused,
  encodeUnsigned,
  type Header,
  signBatch,
  type Verified,
  verifyBatch
} from "#domain/wire/Envelope.ts"
import { type AgentCommand, type AgentReport, box, unbox } from "#domain/wire/Protocol.ts"
import { version5 } from "#domain/wire/Versions.ts"
import * as InProcess from "#infra/bus/in-process/InProcess.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as RefusalsSqlite from "#infra/refusals/Sqlite.ts"
import { temporaryDirectory } from "#infra/testing/TemporaryDirectory.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import * as WitnessFile from "#infra/witness-memory/File.ts"
import * as Agent from "../Agent.ts"
import { Trust, witnessingAs } from "../link/Trust.ts"
import type { SenderOptions } from "../sending/Sender.ts"
import { ledgerOf } from "./LedgerFixture.ts"
import { until } from "./Turns.ts"

const { crypto } = NodeCrypto
const seed = (n: number) => new Uint8Array(32).fill(n)

export const start = Date.parse("2030-01-01T00:00:00.000Z")
export const agentId = AgentId.make("home")
export const commandKey = crypto.cipherKey(seed(3))
export const reportKey = crypto.cipherKey(seed(4))
export const gatewayKeys = crypto.signingKey(seed(1))
const agentKeys = crypto.signingKey(seed(2))
const gatewayVerifying = crypto.verifyingKey(gatewayKeys.publicKey)
const agentVerifying = crypto.verifyingKey(agentKeys.publicKey)
export const epoch = "store:1"

export const trust: Trust["Service"] = {
  tenant: defaultTenant,
  agent: agentId,
  epoch,
  protocol: 1, // the gateway's, when it was pinned
  keyId: "home-1",
  signingKey: agentKeys.key,
  revision: () => 0,
  gatewayKey: (keyId) => (keyId === "gateway-1" ? gatewayVerifying : undefined),
  commandKeys: () => [commandKey],
  reportKey: () => reportKey,
  witnessing: witnessingAs(
    { agent: agentId, store: "0196f3c0-0000-4000-8000-000000000001" },
    { signing: agentKeys.key, public: { signing: base64url(agentKeys.publicKey) } },
    () => ({ gatewayKeys: [{ keyId: "", agreement: "", state: "active", signing: base64url(gatewayKeys.publicKey) }] })
  ),
  learn: () => Effect.succeed("known")
}
export const device = DeviceId.make("0196f3c0-0000-7000-8000-000000000001")
export const otherDevice = DeviceId.make("0196f3c0-0000-7000-8000-000000000002")
export const alice = SubjectId.make("A".repeat(43))
export const bob = SubjectId.make("B".repeat(43))

const numbered = (version: number, n: number) =>
  `0196f3c0-0000-${version}000-8000-${n.toString(16).padStart(12, "0")}` as const
export const messageOf = (n: number) => MessageId.make(numbered(8, n))
export const waMessageIdOf = (n: number) => WaMessageId.make(`3EB0${n.toString(16).toUpperCase().padStart(18, "0")}`)
const lanes = { commands: { kind: "commands", agent: agentId }, reports: { kind: "reports", agent: agentId } } as const

/** Everything a command is made of; a test may change any part of it before it is signed. */
export interface Order {
  readonly header?: Partial<Header>
  readonly by?: typeof gatewayKeys
  readonly text?: string
  readonly content?: object
  readonly sealedFor?: Partial<Header>
  readonly payload?: Partial<AgentCommand> | Record<string, unknown>
}

export const headerOf = (n: number, over: Partial<Header> = {}): Header => ({
  direction: "homing/command/1",
  keyId: "gateway-1",
  tenant: defaultTenant,
  agent: agentId,
  device,
  lane: subjectOf(lanes.commands),
  subject: alice,
  commandId: numbered(5, n),
  attempt: "1",
  position: String(n),
  epoch,
  issuedAt: fromMillis(start),
  expiresAt: fromMillis(start + 24 * 3_600_000),
  ...over
})

/** A command to send message number `n`, as the gateway writes it. */
export const sendOf = (
  n: number,
  { header: over = {}, payload = {}, sealedFor = {}, text = `text ${n}`, content = { type: "text", text } }: Order = {}
) => {
  const header = headerOf(n, over)
  const personal = { to: { kind: "phone", address: "+15551234567" }, content }
  const sealed = box(crypto, commandKey, { ...header, ...sealedFor }, personal)
  const command = { kind: "send", message: messageOf(n), waMessageId: waMessageIdOf(n), box: sealed, ...payload }
  return encodeUnsigned({ header, payload: encodePayload(command as AgentCommand) })
}

export const pairOf = (n: number, over: Partial<Header> = {}) => {
  const header = headerOf(n, { subject: "-", ...over })
  return encodeUnsigned({
    header,
    payload: encodePayload({ kind: "pair", box: box(crypto, commandKey, header, { method: "qr" }) })
  })
}
export const acknowledgementOf = (n: number, reports: ReadonlyArray<EventId>, over: Partial<Header> = {}) =>
  encodeUnsigned({
    header: headerOf(n, { device: "-", subject: "-", position: "0", ...over }),
    payload: encodePayload({ kind: "receipt", reports })
  })

export interface Told {
  readonly id: EventId
  readonly header: Header
  readonly report: AgentReport
  /** Of the batch it left in. */
  readonly signature: string
}

/** The other side of the bus: signs commands, verifies reports. Lives as long as the test, over restarts of the agent. */
export const makeGateway = Effect.gen(function* () {
  yield* TestClock.setTime(start)
  const bus = Context.get(yield* Layer.build(Layer.fresh(InProcess.layer)), CommandBus)
  const directory = yield* temporaryDirectory
  const told: globalThis.Array<Told> = []
  const codes: globalThis.Array<{ device: string; method: string; expiresAt: string; personal: unknown }> = []
  const numbers: globalThis.Array<{ device: string; asOf: number; personal: unknown }> = []
  const refused: globalThis.Array<string> = []
  const beats: globalThis.Array<{ header: Header; report: Extract<AgentReport, { kind: "heartbeat" }> }> = []

  yield* bus.subscribe(lanes.reports).pipe(
    Stream.runForEachArray((incoming) =>
      Effect.gen(function* () {
        const verifyingKey = (keyId: string) => (keyId === "home-1" ? agentVerifying : undefined)
        const answers = yield* verifyBatch(
          crypto,
          verifyingKey,
          incoming.map(({ bytes }) => bytes)
        )
        for (const [i, answer] of answers.entries()) {
          yield* incoming[i]!.acknowledge
          if (answer instanceof EnvelopeRefused) refused.push(answer.reason)
          else {
            const report = version5.reports.read(version5.newest, answer.payload) as AgentReport
            if (report.kind === "heartbeat") {
              beats.push({ header: answer.header, report })
              continue
            }
            told.push(toldOf(answer, report))
            if (report.kind === "pairing_code") {
              const personal = yield* unbox(crypto, [reportKey], answer.header, report.box, (plain) => plain)
              codes.push({ device: answer.header.device, method: report.method, expiresAt: report.expiresAt, personal })
            }
            if (report.kind === "number") {
              const personal = yield* unbox(crypto, [reportKey], answer.header, report.box, (plain) => plain)
              numbers.push({ device: answer.header.device, asOf: report.asOf, personal })
            }
          }
        }
      })
    ),
    Effect.orDie,
    Effect.forkScoped({ startImmediately: true })
  )

  let published = 0
  /** Puts envelopes on the bus together; the fiber ends when the agent has acknowledged all of them. */
  const publish = (envelopes: ReadonlyArray<Uint8Array>) => {
    const outgoing = envelopes.map((bytes): Outgoing => ({ id: String(++published), bytes }))
    const publishing = Array.isReadonlyArrayNonEmpty(outgoing) ? bus.publish(lanes.commands, outgoing) : Effect.void
    return Effect.forkScoped(publishing, { startImmediately: true })
  }
  /** Signs together and publishes together. */
  const issue = (...signed: ReadonlyArray<Uint8Array>) =>
    Effect.flatMap(signBatch(crypto, gatewayKeys.key, signed), publish)

  const messageReports = (n: number) =>
    told.filter(({ report }) => report.kind === "message" && report.message === messageOf(n))
  return {
    bus,
    file: join(directory, "ledger.db"),
    told,
    beats,
    codes,
    numbers,
    refused,
    publish,
    issue,
    /** What was claimed of message number `n`, each claim once, in the order in which it was told. */
    claims: (n: number) => [
      ...new Set(messageReports(n).map(({ report }) => (report.kind === "message" ? report.claim : "")))
    ],
    messageReports,
    /** What was told of a device, by step. */
    changes: (of: DeviceId) => {
      const steps = new Map<number, string>()
      for (const { header, report } of told) {
        if (report.kind === "device" && header.device === of) steps.set(report.step, report.change)
      }
      return [...steps].toSorted(([a], [b]) => a - b).map(([, change]) => change)
    }
  }
})

const toldOf = ({ bytes, header }: Verified, report: AgentReport): Told => {
  const attempt = Number(header.attempt)
  const key =
    report.kind === "message"
      ? keyOf({
          kind: report.claim,
          attempt,
          ...(report.recipient !== undefined && { recipient: report.recipient }),
          ...(report.code !== undefined && { code: report.code })
        })
      : report.kind === "device"
        ? `${report.change} ${report.step}`
        : report.kind === "number"
          ? `number ${report.asOf}`
          : report.kind
  return {
    id: report.kind === "heard" ? (header.commandId as EventId) : reportIdOf(crypto, header.commandId, attempt, key),
    header,
    report,
    signature: bytes.subarray(9, 73).toHex()
  }
}

export type Gateway = Effect.Success<typeof makeGateway>

/** An agent over the gateway's bus and ledger file; it ends with the scope, and may then be started again. */
export const startAgent = Effect.fnUntraced(function* (
  { bus, file }: Pick<Gateway, "bus" | "file">,
  options: SenderOptions &
    Parameters<typeof Instant.make>[0] & {
      readonly ledger?: (ledger: Ledger["Service"]) => Ledger["Service"]
      /** Version 1 has no heartbeat: what is sent waits for none. */
      readonly protocol?: number
      readonly encode?: WhatsApp["Service"]["encode"]
      /** The sessions are closed. */
      readonly closed?: () => void
    } = {}
) {
  const { closed = () => {}, encode, ledger: spied = (ledger) => ledger } = options
  const whatsapp = Instant.make({ keep: 10_000, ...options })
  const steps: globalThis.Array<Step> = []
  const ledger = Layer.effect(Ledger, Effect.map(Ledger, spied)).pipe(Layer.provide(ledgerOf(file)))
  const session = Layer.effect(
    WhatsApp,
    Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(closed))
      const real = yield* WhatsApp
      return encode ? { ...real, encode } : real
    })
  )
  const services = yield* Agent.layer({ drainMillis: () => 0, lastingMillis: 60_000, ...options }).pipe(
    Layer.provideMerge([ledger, RefusalsSqlite.layer(":memory:"), WitnessFile.layer(`${file}.witness`)]),
    Layer.provide([
      Layer.provide(session, whatsapp.layer),
      NodeCrypto.layer,
      Layer.succeed(CommandBus, bus),
      Layer.succeed(Trust, { ...trust, protocol: options.protocol ?? 1 }),
      Layer.succeed(Steps, (step) => void steps.push(step))
    ]),
    Layer.fresh,
    Layer.build
  )
  const refusals = Context.get(services, RefusalLog)
  const { ask, reads, sent, tell, typed } = whatsapp
  return { ask, ledger: Context.get(services, Ledger), refusals, steps, sent, reads, tell, typed }
})

/** What WhatsApp was asked to send, by message number, in order. */
export const numbersOf = (sent: ReadonlyArray<{ readonly waMessageId: string }>) =>
  sent.map(({ waMessageId }) => Number.parseInt(waMessageId.slice(4), 16))

/** Pairs a device and waits until the gateway knows that it is connected. */
export const connect = Effect.fnUntraced(function* (gateway: Gateway, ...devices: ReadonlyArray<DeviceId>) {
  for (const one of devices) yield* gateway.issue(pairOf(900_000 + Number(one.at(-1)), { device: one }))
  yield* until("all devices are connected", () => devices.every((one) => gateway.changes(one).at(-1) === "connected"))
})
