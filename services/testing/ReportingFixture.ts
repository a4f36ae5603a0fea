import { Array, Context, Effect, Fiber, Layer, Metric, Redacted, Stream, SubscriptionRef } from "effect"
import { AgentId, DeviceId, defaultTenant, EventId, type MessageId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { Heard } from "#domain/inbound/Heard.ts"
import { CommandBus, subjectOf } from "#domain/ports/CommandBus.ts"
import type { CipherKey } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as Keys from "#domain/ports/SubjectKeys.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned, type Header, signBatch } from "#domain/wire/Envelope.ts"
import { type AgentReport, box } from "#domain/wire/Protocol.ts"
import * as SqliteBlobs from "#infra/blobs/Sqlite.ts"
import * as InProcess from "#infra/bus/in-process/InProcess.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as SubjectKeys from "#infra/subject-keys/Sqlite.ts"
import * as DeviceActors from "../devices/DeviceActors.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import type { DeviceRecords } from "../devices/DevicesRows.ts"
import { PairingCodes, layer as pairingCodes } from "../devices/PairingCodes.ts"
import * as PublicEvents from "../events/PublicEvents.ts"
import type { AgentTrust } from "../identity/AgentTrust.ts"
import { Identity } from "../identity/Identity.ts"
import * as Inbound from "../inbound/Inbound.ts"
import * as InboundActors from "../inbound/InboundActors.ts"
import * as Presences from "../inbound/Presences.ts"
import * as Readings from "../inbound/Readings.ts"
import * as MessageActors from "../messages/MessageActors.ts"
import { Personal } from "../privacy/Personal.ts"
import { Fitness, type Obstacle } from "../runtime/Fitness.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Acknowledgements } from "../transports/agent-link/Acknowledgements.ts"
import { AgentsHeard } from "../transports/agent-link/AgentsHeard.ts"
import { Heartbeats } from "../transports/agent-link/Heartbeats.ts"
import * as Records from "../transports/agent-link/Records.ts"
import * as Reports from "../transports/agent-link/Reports.ts"
import { Witnessing } from "../transports/agent-link/Witnessing.ts"
import * as Outcomes from "../transports/Outcomes.ts"
import { unreliable } from "./UnreliableStore.ts"
import { deviceCreated, queued, sealed, uuid } from "./ViewsFixture.ts"

const { crypto } = NodeCrypto
const seed = (n: number) => new Uint8Array(32).fill(n)

export const [home, office] = [AgentId.make("home"), AgentId.make("office")]
export const device = DeviceId.make(uuid(101))
/** Of another agent. */
export const foreign = DeviceId.make(uuid(102))
export const messageOf = (n: number) => uuid(n) as MessageId
/** The command that asked for the message, or for the device. */
export const commandOf = (n: number) => EventId.make(uuid(1_000 + n))
export const at = fromMillis(1_900_000_000_000)
const now = Date.now()

export const own = crypto.signingKey(seed(1))
export const stranger = crypto.signingKey(seed(2)).key
const verifying = crypto.verifyingKey(own.publicKey)
/** What the agent encrypts to: the gateway's newest key, the one before, and one that it does not have. */
export const [reportKey, olderReportKey, lostKey] = [3, 4, 5].map((n) => crypto.cipherKey(seed(n))) as [
  CipherKey,
  CipherKey,
  CipherKey
]
const trustOf = (agent: AgentId): AgentTrust => ({
  agent,
  protocol: 2,
  takenKey: (keyId) => (keyId === "key" ? verifying : undefined),
  commandKey: () => undefined,
  reportKeys: (keyId) => (keyId === "key" ? [reportKey, olderReportKey] : [])
})

export const headerOf = (n: number, over: Partial<Header> = {}, agent = home): Header => ({
  direction: "homing/report/2",
  keyId: "key",
  tenant: defaultTenant,
  agent,
  device,
  lane: subjectOf({ kind: "reports", agent }),
  subject: sealed.subject,
  commandId: commandOf(n),
  attempt: "1",
  position: "0",
  epoch: "store:1",
  issuedAt: fromMillis(now),
  expiresAt: fromMillis(now + 3_600_000),
  ...over
})

type Report<Kind> = Extract<AgentReport, { readonly kind: Kind }>
export const claimOf = (n: number, claim: Report<"message">["claim"], more: Partial<Report<"message">> = {}) =>
  ({ kind: "message", message: messageOf(n), claim, at, ...more }) satisfies AgentReport
export const changeOf = (change: Report<"device">["change"], step: number, more: Partial<Report<"device">> = {}) =>
  ({ kind: "device", change, step, at, ...more }) satisfies AgentReport
export const codeOf = (header: Header, key: CipherKey) =>
  ({
    kind: "pairing_code",
    method: "qr",
    expiresAt: fromMillis(now + 3_600_000),
    box: box(crypto, key, header, { code: "2@code" })
  }) satisfies AgentReport
/** What a device heard, boxed for this envelope. */
export const heardOf = (header: Header, heard: Heard, key = reportKey) =>
  ({ kind: "heard", at, box: box(crypto, key, header, heard) }) satisfies AgentReport
export const numberOf = (header: Header, key: CipherKey, number: string, asOf: number) =>
  ({ kind: "number", asOf, box: box(crypto, key, header, { number }) }) satisfies AgentReport
export const heartbeat: AgentReport = { kind: "heartbeat", at, protocol: 2, revision: 0, refused: 0 }

/** Signs together, as the agent does, or somebody else. */
export const sign = (reports: ReadonlyArray<readonly [AgentReport, Header]>, by = own.key) =>
  signBatch(
    crypto,
    by,
    reports.map(([report, header]) => encodeUnsigned({ header, payload: encodePayload(report) }))
  )

/** How often reports were refused for this reason, in this process. */
export const refusals = (reason: string) =>
  Metric.counter("homing_reports_refused_total", {
    description: "Reports that were not recorded, by reason.",
    attributes: { reason },
    incremental: true
  }).valueUnsafe(Context.empty()).count

const provenance = Layer.succeed(Provenance, {
  tenant: defaultTenant,
  region: "home",
  producer: "test",
  pepper: crypto.macKey(seed(0))
})

const secrets = Layer.succeed(SecretVault, {
  obtain: () => Effect.succeed(Redacted.make(crypto.random(32))),
  find: () => Effect.succeed(undefined)
})
const besideTheLog = Layer.merge(SubjectKeys.layer(":memory:"), SqliteBlobs.layer(":memory:")).pipe(
  Layer.provide(secrets)
)

/** What takes reports, and what it needs around it. */
const surroundings = (
  registry: DeviceRecords,
  heard: Array<readonly [string, ...ReadonlyArray<unknown>]>,
  marksAsRead: boolean
) => {
  const hear = (...what: readonly [string, ...ReadonlyArray<unknown>]) => void heard.push(what)
  const stubs = Layer.mergeAll(
    Layer.succeed(Acknowledgements, { give: (agent, reports) => hear("acknowledgement", agent, ...reports) }),
    Layer.succeed(AgentsHeard, { spoke: (agent: AgentId, version: number) => hear("spoke", agent, version) } as never),
    Layer.succeed(Heartbeats, { take: (agent, asked) => Effect.sync(() => hear("heartbeat", agent, asked)) }),
    Layer.succeed(Witnessing, { take: (agent) => Effect.sync(() => void hear("witnessed", agent)) })
  )
  return Layer.mergeAll(Reports.layer, PublicEvents.layer).pipe(
    Layer.provide(Records.layer),
    Layer.provideMerge([Inbound.layer({ marksAsRead }), Presences.layer]),
    Layer.provideMerge(Readings.layer),
    Layer.provide(InboundActors.layer),
    Layer.provide([Outcomes.layer, Layer.succeed(DeviceRegistry, registry)]),
    Layer.provide([MessageActors.layer, DeviceActors.layer]),
    Layer.provideMerge(pairingCodes),
    Layer.provideMerge(Personal.layer),
    Layer.provide(stubs),
    Layer.provideMerge(besideTheLog),
    Layer.provide(provenance)
  )
}

/**
 * A gateway that hears the agent `home`, over a log in memory that fails on demand, in which `device` is. `registry` is
 * what it knows of devices without reading.
 */
export const reporting = Effect.fnUntraced(function* (
  registry: DeviceRecords = new Map(),
  { marksAsRead = false }: { readonly marksAsRead?: boolean } = {}
) {
  const heard: Array<readonly [string, ...ReadonlyArray<unknown>]> = []
  const world = { obstacle: undefined as Obstacle | undefined }
  const trusted = yield* SubscriptionRef.make<ReadonlyMap<AgentId, AgentTrust>>(new Map([[home, trustOf(home)]]))
  const identity = {
    epoch: "store:1",
    agent: (agent: AgentId) => SubscriptionRef.getUnsafe(trusted).get(agent),
    changes: Stream.map(SubscriptionRef.changes(trusted), (agents) => ({ trusted: agents }))
  }
  const { become, layer: faulty } = unreliable()
  const store = Context.get(yield* Layer.build(Sqlite.layer(":memory:")), EventStore)
  const services = yield* surroundings(registry, heard, marksAsRead).pipe(
    Layer.provideMerge(InProcess.layer),
    Layer.provide([
      Layer.provide(faulty, Layer.succeed(EventStore, store)),
      NodeCrypto.layer,
      Layer.succeed(Identity, identity as never),
      Layer.succeed(Fitness, {
        obstacle: () => world.obstacle,
        unheard: () => undefined,
        whileFit: (work) => Effect.andThen(work, Effect.never)
      })
    ]),
    Layer.fresh,
    Layer.build
  )
  const bus = Context.get(services, CommandBus)

  /** As somebody recorded it who was asked before. */
  const record = (stream: string, type: string, data: object, eventId: EventId) =>
    Effect.orDie(store.append(StreamId.make(stream), "no_stream", [{ ...newEvent(type, data as never), eventId }]))
  for (const [one, agent] of [
    [device, home],
    [foreign, office]
  ] as const) {
    const created = deviceCreated(one, 0n, agent)
    yield* record(created.stream, created.type, created.data, commandOf(0))
  }

  let published = 0
  /** The fiber ends when the bus has every acknowledgement. */
  const publish = (lane: AgentId, envelopes: ReadonlyArray<Uint8Array>) => {
    const outgoing = Array.map(envelopes as Array.NonEmptyReadonlyArray<Uint8Array>, (bytes) => ({
      id: String(++published),
      bytes
    }))
    return Effect.forkScoped(bus.publish({ kind: "reports", agent: lane }, outgoing), { startImmediately: true })
  }

  const say = (report: AgentReport, header: Header, { by = own.key, lane = home } = {}) =>
    Effect.flatMap(sign([[report, header]], by), (signed) => publish(lane, signed))

  return {
    store,
    world,
    become,
    codes: Context.get(services, PairingCodes),
    presences: Context.get(services, Presences.Presences),
    personal: Context.get(services, Personal),
    keys: Context.get(services, Keys.SubjectKeys),
    /** As it is told to the outside. */
    publicEvents: Context.get(services, PublicEvents.PublicEvents),
    /** What was said to others: acknowledgements, versions, heartbeats. */
    heard,
    acknowledged: () => heard.flatMap(([what, , ...ids]) => (what === "acknowledgement" ? ids : [])),
    enrol: (agent: AgentId) => SubscriptionRef.update(trusted, (agents) => new Map(agents).set(agent, trustOf(agent))),
    revoke: (agent: AgentId) =>
      SubscriptionRef.update(trusted, (agents) => new Map([...agents].filter(([one]) => one !== agent))),
    /** Accepts message number `n` for a device. */
    queue: (n: number, of = device, expiresAt = fromMillis(0)) => {
      const { data, stream, type } = queued(n, 0n, of)
      return record(stream, type, { ...data, expiresAt }, commandOf(n))
    },
    /** Message number `n` as nobody has recorded it: the log is damaged. */
    damage: (n: number) => record(`message-${messageOf(n)}`, "message.queued.v1", {}, commandOf(n)),
    publish,
    say,
    /** The same, until the bus has the acknowledgement. */
    tell: (...said: Parameters<typeof say>) => Effect.flatMap(say(...said), Fiber.join),
    /** What stands in a stream after its first event. */
    recorded: (category: "message" | "device", id: string) =>
      Effect.map(store.read(StreamId.make(`${category}-${id}`)), (events) => events.slice(1))
  }
})
