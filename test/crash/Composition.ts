import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import { HttpServer } from "effect/http"
import { AgentId } from "#domain/Ids.ts"
import { type Step, Steps } from "#domain/ports/Steps.ts"
import * as PostgresLeases from "#infra/leases/Postgres.ts"
import * as AgentProcess from "#mac-agent/Layers.ts"
import { type GatewayOptions, gateway } from "#services/layers/Gateway.ts"
import { type Addresses, agent, apart, embedded } from "#services/layers/Processes.ts"
import * as Log from "#services/telemetry/Log.ts"
import "#infra/whatsapp/baileys/Content.ts"
import "#infra/whatsapp/baileys/Session.ts"
import * as Sabotage from "./Sabotage.ts"

/** Which half of the product a process is, or both. */
export type Part = "whole" | "gateway" | "agent"

/** The servers there are. */
export interface ServerUrls {
  readonly eventStore?: string
  readonly nats?: string
  readonly database?: string
}

export interface Orders {
  readonly part: Part
  readonly folder: string
  readonly servers: ServerUrls
  readonly apiKey: string
  readonly webSocketUrl: string
  readonly sabotage: Sabotage.Sabotage | undefined
  readonly reconciled: boolean
  /** How long the bus takes to hand a command over. */
  readonly busMillis: number
  readonly logLevel: Log.Level
}

export const agentId = AgentId.make("home")
const sender = { offlineReceiptsMillis: 300 }

/** Often enough for a run of minutes; each look reads every open message's stream, from a server where there is one. */
const reconcilerOf = ({ servers }: Orders) =>
  servers.eventStore === undefined
    ? { everyMillis: 500, patienceMillis: 2_000, graceMillis: 5_000 }
    : { everyMillis: 2_000, patienceMillis: 8_000, graceMillis: 5_000 }

const optionsOf = (orders: Orders): GatewayOptions => ({
  agent: agentId,
  region: "crash",
  apiKey: Redacted.make(orders.apiKey),
  http: { host: "127.0.0.1", port: 0, phoneCountryCode: undefined, drainTimeoutMs: 500 },
  queueLimits: { perDevice: 10_000, total: 10_000, waits: 10_000 },
  reconciler: reconcilerOf(orders)
})

const secret = (url: string | undefined) => (url === undefined ? undefined : Redacted.make(url))
const addressesOf = ({ servers }: Orders): Addresses => ({
  eventStoreUrl: secret(servers.eventStore),
  natsUrl: secret(servers.nats),
  natsCaFile: undefined,
  databaseUrl: secret(servers.database)
})

/** The ports of a gateway that a run breaks, or slows down. */
const portsOf = ({ busMillis: slowMillis, reconciled, sabotage }: Orders) =>
  Layer.merge(Sabotage.bus({ sabotage, slowMillis, reconciled }), Sabotage.eventStore(sabotage))

const sessionOf = ({ folder, sabotage, webSocketUrl }: Orders) => {
  const backoff = { firstMs: 100, mostMs: 1_000 }
  return Sabotage.whatsapp(sabotage).pipe(Layer.provide(AgentProcess.whatsapp(folder, { webSocketUrl, backoff })))
}

const whole = (orders: Orders) => {
  const options = optionsOf(orders)
  const ports = Layer.merge(Sabotage.ledger(orders.sabotage), portsOf(orders))
  return agent(options.agent, sender).pipe(
    Layer.provide(sessionOf(orders)),
    Layer.provideMerge(gateway(options)),
    Layer.provideMerge(ports.pipe(Layer.provideMerge(embedded(orders.folder, addressesOf(orders)))))
  )
}

/** Leases that end soon after their holder: the run kills one every few seconds. */
const leasesOf = ({ servers }: Orders) =>
  servers.database === undefined ? Layer.empty : PostgresLeases.layer({ leaseMillis: 2_000, renewalMillis: 500 })

const gatewayAlone = (orders: Orders) => {
  const ports = Layer.merge(portsOf(orders), leasesOf(orders))
  return gateway(optionsOf(orders)).pipe(
    Layer.provideMerge(ports.pipe(Layer.provideMerge(apart(orders.folder, addressesOf(orders)))))
  )
}

const agentAlone = (orders: Orders) => {
  const { folder, sabotage, servers } = orders
  const bus = AgentProcess.bus(agentId, Redacted.make(servers.nats!), undefined)
  return AgentProcess.between(agentId, sessionOf(orders), bus, sender).pipe(
    Layer.provide(Sabotage.ledger(sabotage).pipe(Layer.provideMerge(AgentProcess.embedded(folder))))
  )
}

/** Where it listens, once it does. */
const listening = <E>(layer: Layer.Layer<HttpServer.HttpServer, E>) =>
  Effect.map(Layer.build(layer), (services) =>
    HttpServer.formatAddress(Context.get(services, HttpServer.HttpServer).address).replace(/\/$/, "")
  )

/** The product, or the half of it that the orders name, with what they break in it; an agent listens nowhere. */
export const start = (orders: Orders, pass: (step: Step) => void): Effect.Effect<string, unknown, Scope.Scope> => {
  const surroundings = Layer.merge(Layer.succeed(Steps, pass), Log.layer({ level: orders.logLevel }))
  if (orders.part === "whole") return listening(whole(orders).pipe(Layer.provide(surroundings)))
  if (orders.part === "gateway") return listening(gatewayAlone(orders).pipe(Layer.provide(surroundings)))
  return Effect.as(Layer.build(agentAlone(orders).pipe(Layer.provide(surroundings))), "")
}
