import { assert } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { HttpServer } from "effect/http"
import { DeviceId, defaultTenant, MessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RateLimits } from "#domain/ports/RateLimits.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as SqliteBlobs from "#infra/blobs/Sqlite.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as InProcessLimits from "#infra/limits/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SubjectKeys from "#infra/subject-keys/Sqlite.ts"
import * as Access from "#services/access/Feature.ts"
import { type ErrorCode, errorCodes } from "#services/api/ErrorCodes.ts"
import * as AuditHttp from "#services/audit/AuditHttp.ts"
import { Heads } from "#services/audit/Heads.ts"
import { Proofs } from "#services/audit/Proofs.ts"
import { Witnesses } from "#services/audit/Witnesses.ts"
import * as Chats from "#services/chats/Feature.ts"
import * as Dashboard from "#services/dashboard/Feature.ts"
import type { DeviceDocument } from "#services/devices/DeviceDocument.ts"
import { DeviceRegistry } from "#services/devices/DeviceRegistry.ts"
import { Devices } from "#services/devices/Devices.ts"
import * as DevicesHttp from "#services/devices/DevicesHttp.ts"
import { type PairingCode, PairingCodes } from "#services/devices/PairingCodes.ts"
import { Erasures } from "#services/erasure/Erasures.ts"
import * as ErasuresHttp from "#services/erasure/ErasuresHttp.ts"
import * as Events from "#services/events/Feature.ts"
import * as Server from "#services/gateway/Server.ts"
import { Deployment } from "#services/health/Deployment.ts"
import * as HealthHttp from "#services/health/HealthHttp.ts"
import * as Admission from "#services/http/Admission.ts"
import { phoneNumbers } from "#services/http/PhoneNumbers.ts"
import { Identity } from "#services/identity/Identity.ts"
import * as Inbound from "#services/inbound/Feature.ts"
import * as Presences from "#services/inbound/Presences.ts"
import * as Live from "#services/live/Feature.ts"
import { type MessageDocument, Messages, type SendRequest } from "#services/messages/Messages.ts"
import * as MessagesHttp from "#services/messages/MessagesHttp.ts"
import * as Moments from "#services/moments/Moments.ts"
import { Personal } from "#services/privacy/Personal.ts"
import * as ConversationsHttp from "#services/regions/ConversationsHttp.ts"
import * as RoutesHttp from "#services/routes/RoutesHttp.ts"
import { RoutesRegistry } from "#services/routes/RoutesRegistry.ts"
import { RouteTables } from "#services/routes/RouteTables.ts"
import { Targets } from "#services/routes/Targets.ts"
import * as TargetsHttp from "#services/routes/TargetsHttp.ts"
import { Freshness } from "#services/runtime/Freshness.ts"
import { Provenance } from "#services/runtime/Provenance.ts"
import { Stop } from "#services/runtime/Stop.ts"
import * as StatisticsHttp from "#services/statistics/StatisticsHttp.ts"
import * as Log from "#services/telemetry/Log.ts"
import { AgentsHeard } from "#services/transports/agent-link/AgentsHeard.ts"
import * as AgentsHttp from "#services/transports/agent-link/AgentsHttp.ts"
import { AgentsStanding } from "#services/transports/agent-link/AgentsStanding.ts"
import * as GatewayKeysHttp from "#services/transports/agent-link/GatewayKeysHttp.ts"
import * as Projections from "#services/views/Projections.ts"
import { Readiness } from "#services/views/Readiness.ts"
import { Views } from "#services/views/Views.ts"
import { Deliveries } from "#services/webhooks/Deliveries.ts"
import * as DeliveriesHttp from "#services/webhooks/DeliveriesHttp.ts"
import { Endpoints, EndpointUnknown } from "#services/webhooks/Endpoints.ts"
import * as EndpointsHttp from "#services/webhooks/EndpointsHttp.ts"
import { Standing } from "#services/webhooks/Standing.ts"
import { assertDeclared } from "../../test/Declared.ts"

export const apiKey = "a configured key of some length"
export const device = DeviceId.make("11111111-1111-7111-8111-111111111111")
export const at = fromMillis(1_760_000_000_000)

export const documentOf = (request: SendRequest): MessageDocument => ({
  id: MessageId.make("22222222-2222-8222-8222-222222222222"),
  status: "sent",
  device: request.device,
  to: request.to,
  content: request.content,
  waMessageId: "3EB0000102030405060708",
  replyTo: request.replyTo,
  errorCode: undefined,
  tags: request.tags,
  createdAt: at,
  updatedAt: at,
  expiresAt: at
})

const notAsked = Effect.die("this test did not expect to get here")
const messages: Messages["Service"] = {
  send: (_, request) => Effect.succeed({ document: documentOf(request), repeated: false, answered: true }),
  find: () => notAsked,
  history: () => notAsked,
  list: () => notAsked,
  repeat: () => notAsked,
  releaseWaits: Effect.void
}
export const paired: DeviceDocument = {
  id: device,
  name: "office",
  state: "connected",
  reason: undefined,
  since: at,
  number: "+60123456780",
  pairing: undefined
}
const devices: Devices["Service"] = {
  create: () => notAsked,
  rename: () => notAsked,
  pair: () => notAsked,
  reconnect: () => notAsked,
  unlink: () => notAsked,
  find: (id) => Effect.succeed(id === device ? paired : undefined),
  list: Effect.succeed([paired]),
  count: () => ({ pairing: 0, connected: 1, disconnected: 0, logged_out: 0 }),
  isNone: Effect.succeed(false),
  warnings: () => []
}

const endpoints: Endpoints["Service"] = {
  create: () => notAsked,
  change: () => notAsked,
  rotate: () => notAsked,
  remove: () => notAsked,
  find: () => Effect.fail(new EndpointUnknown({})),
  list: Effect.succeed([])
}

const secrets = Layer.succeed(SecretVault, {
  obtain: () => Effect.succeed(Redacted.make(NodeCrypto.crypto.random(32))),
  find: () => Effect.succeed(undefined)
})

const identity = Layer.succeed(Identity, {
  epoch: "store:1",
  known: () => ({ state: { agents: new Map() } })
} as unknown as Identity["Service"])
const provenance = Layer.effect(
  Provenance,
  Effect.map(Crypto, (crypto) => ({
    tenant: defaultTenant,
    region: "local",
    producer: "test",
    pepper: crypto.macKey(crypto.random(32))
  }))
)

export interface Stubs {
  readonly messages?: Partial<Messages["Service"]>
  readonly devices?: Partial<Devices["Service"]>
  readonly store?: Partial<EventStore["Service"]>
  readonly views?: Partial<Views["Service"]>
  readonly options?: Partial<Server.Options>
  readonly live?: Partial<Live.Options>
  readonly codes?: Stream.Stream<PairingCode & { readonly device: DeviceId }>
  readonly limits?: Layer.Layer<RateLimits>
  readonly dashboard?: Dashboard.Options
  readonly access?: Partial<Access.Options>
  readonly log?: { readonly level: Log.Level; readonly write: (line: string) => void }
}

/** The service as it is, but for some of its functions. */
const altered = <I, S extends object>(key: Context.Key<I, S>, other: Partial<S> = {}) =>
  Layer.effect(
    key,
    Effect.map(Effect.context<I>(), (context) => ({ ...Context.get(context, key), ...other }))
  )

/** A gateway that listens, over a log in memory; messages and devices are stubs, keys and clients are real. */
export const gateway = (stubs: Stubs = {}) => {
  const options = { host: "127.0.0.1", port: 0, phoneCountryCode: "60", drainTimeoutMs: 1_000, ...stubs.options }
  const phoneNumber = phoneNumbers(options.phoneCountryCode)
  const dashboard = stubs.dashboard ?? { isOn: false }
  return Server.layer({ ...options, pages: Dashboard.pages(dashboard) }, Dashboard.layer(dashboard)).pipe(
    Layer.provide([
      MessagesHttp.layer(phoneNumber),
      DevicesHttp.layer(phoneNumber),
      EndpointsHttp.layer,
      DeliveriesHttp.layer,
      RoutesHttp.layer,
      TargetsHttp.layer,
      Layer.provide(Inbound.layer(), Layer.succeed(DeviceRegistry, new Map())),
      Chats.layer,
      ConversationsHttp.layer,
      AuditHttp.layer,
      ErasuresHttp.layer(phoneNumber),
      AgentsHttp.layer,
      GatewayKeysHttp.layer,
      HealthHttp.layer,
      StatisticsHttp.layer
    ]),
    Layer.provide(Live.layer(stubs.live).pipe(Layer.provide(Presences.layer))),
    Layer.provideMerge(Events.layer),
    Layer.provideMerge(Access.layer(Redacted.make(apiKey), { trustProxy: options.trustProxy, ...stubs.access })),
    Layer.provide([Admission.layer(options), Personal.layer]),
    Layer.provide(Moments.Moments.layer),
    Layer.provide([Readiness.layer, Stop.layer(options.drainTimeoutMs)]),
    Layer.provide(Freshness.layer),
    Layer.provide(
      altered(Views, stubs.views).pipe(
        Layer.provideMerge(
          Projections.layer(
            Layer.mergeAll(Access.projections, Inbound.projections, Chats.projections, Moments.projections)
          )
        )
      )
    ),
    Layer.provide([
      Layer.succeed(Messages, { ...messages, ...stubs.messages }),
      Layer.succeed(Devices, { ...devices, ...stubs.devices }),
      Layer.succeed(PairingCodes, { shown: stubs.codes ?? Stream.empty } as PairingCodes["Service"]),
      Layer.succeed(Endpoints, endpoints),
      Layer.succeed(Heads, {} as Heads["Service"]),
      Layer.succeed(Proofs, {} as Proofs["Service"]),
      Layer.succeed(Erasures, {} as Erasures["Service"]),
      Layer.succeed(Witnesses, { warnings: () => [] } as unknown as Witnesses["Service"]),
      Layer.succeed(Deliveries, {} as Deliveries["Service"]),
      Layer.succeed(Targets, {} as Targets["Service"]),
      Layer.succeed(RouteTables, {} as RouteTables["Service"]),
      Layer.succeed(RoutesRegistry, new Map()),
      Layer.succeed(Standing, { warnings: () => [], watch: () => {} }),
      Layer.succeed(Deployment, {
        version: "0.0.0",
        store: "a store in memory",
        bus: () => "none",
        busShortage: () => undefined,
        busFullness: () => 0
      }),
      Layer.merge(SubjectKeys.layer(":memory:"), SqliteBlobs.layer(":memory:")).pipe(Layer.provide(secrets)),
      InProcessLeases.layer.pipe(Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
      stubs.limits ?? InProcessLimits.layer,
      provenance,
      identity,
      Layer.succeed(AgentsStanding, {
        now: Effect.succeed({ heard: [], silent: [], clockOff: [] }),
        warnings: () => []
      }),
      Layer.succeed(AgentsHeard, { all: Effect.succeed(new Map()) } as unknown as AgentsHeard["Service"])
    ]),
    Layer.provideMerge(altered(EventStore, stubs.store).pipe(Layer.provide(Sqlite.layer(":memory:")))),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provide(Log.layer({ level: stubs.log?.level ?? "error", out: { write: stubs.log?.write ?? (() => {}) } }))
  )
}

/** Where it listens. */
export const baseUrl = Effect.map(HttpServer.HttpServer, ({ address }) =>
  address._tag === "InetAddressV4" ? `http://127.0.0.1:${address.port}` : ""
)
/** One request; the answer's body as parsed JSON when it is JSON. */
export const ask = Effect.fnUntraced(function* (method: string, path: string, more: Asked = {}) {
  const url = `${yield* baseUrl}${path}`
  const headers: Record<string, string> = {
    ...(more.key !== "" && { "x-api-key": more.key ?? apiKey }),
    ...more.headers
  }
  if (more.body !== undefined) headers["content-type"] ??= "application/json"
  const body = typeof more.body === "string" ? more.body : JSON.stringify(more.body)
  return yield* Effect.promise(async () => {
    const answer = await fetch(url, {
      method,
      headers,
      ...(more.signal && { signal: more.signal }),
      ...(body !== undefined && { body })
    })
    const text = await answer.text()
    const type = answer.headers.get("content-type") ?? ""
    assertDeclared(method, path, { status: answer.status, headers: answer.headers, text })
    return {
      status: answer.status,
      headers: answer.headers,
      type,
      text,
      json: type.includes("json") && text ? JSON.parse(text) : undefined
    }
  })
})
interface Asked {
  readonly key?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

type Answer = Effect.Success<ReturnType<typeof ask>>

export const isProblem = ({ json, status, type }: Answer, code: ErrorCode) => {
  assert.strictEqual(json?.code, code)
  assert.strictEqual(status, errorCodes[code][0])
  assert.strictEqual(type, "application/problem+json")
  assert.strictEqual(json.type, `urn:homing:problem:${code}`)
  assert.strictEqual(json.status, status)
  assert.strictEqual(json.title, errorCodes[code][1])
  if (status >= 500) assert.isString(json.detail) // what to do about it
}

export const message = { device, to: "+60123456789", content: { type: "text", text: "hello" } }
