import { Effect, Layer, Redacted, type Scope } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { type Step, Steps } from "#domain/ports/Steps.ts"
import * as PostgresLeases from "#infra/leases/Postgres.ts"
import * as AgentProcess from "#mac-agent/Layers.ts"
import * as Log from "#services/telemetry/Log.ts"
import { addressesOf, alone, listening, optionsOf, type ServerUrls, together } from "#services/testing/Composition.ts"
import "#infra/whatsapp/baileys/Content.ts"
import "#infra/whatsapp/baileys/Session.ts"
import { listener } from "../inbound/Listener.ts"
import * as Deafness from "../inbound/Sabotage.ts"
import * as Haste from "../ingest/Sabotage.ts"
import * as Sabotage from "./Sabotage.ts"

/** Which half of the product a process is, or both. */
export type Part = "whole" | "gateway" | "agent"

export interface Orders {
  readonly part: Part
  readonly folder: string
  readonly servers: ServerUrls
  readonly apiKey: string
  readonly webSocketUrl: string
  readonly sabotage: Sabotage.Sabotage | undefined
  /** The same, of what comes in. */
  readonly deafness?: Deafness.Sabotage | undefined
  /** The same, of what Meta tells. */
  readonly haste?: Haste.Sabotage | undefined
  /** Where what Meta tells is archived, if it is. */
  readonly archive?: string | undefined
  /** With which Meta signs for its first app, and for a further one, where it tells anything. */
  readonly metaSecrets?: { readonly default: string; readonly shop: string } | undefined
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

/** Nothing is given up within a run. */
const webhooks = { delaysMillis: Array.from({ length: 200 }, (_, tries) => Math.min(100 * tries, 500)) }

const metaOf = ({ metaSecrets: secrets }: Orders) =>
  secrets === undefined
    ? {}
    : {
        forwarding: { retries: { ...webhooks, lastingMillis: 0 } },
        meta: {
          appSecret: Redacted.make(secrets.default),
          apps: Redacted.make({ shop: { secret: secrets.shop, verifyToken: "nobody asks in a run" } }),
          forwardTimeoutMs: 3_000,
          rawDays: 14
        }
      }

const options = (orders: Orders) =>
  optionsOf(orders.apiKey, { region: "crash", reconciler: reconcilerOf(orders), webhooks, ...metaOf(orders) })

/** Whoever is told of what happens listens on this machine. */
const addresses = ({ archive, servers }: Orders) => ({
  ...addressesOf(servers),
  archiveUrl: archive === undefined ? undefined : ({ kind: "files", folder: archive } as const),
  outboundAllow: [{ range: "loopback", port: undefined } as const],
  eventsConsumers: [listener]
})

/** The ports of a gateway that a run breaks, or slows down. */
const portsOf = ({ busMillis: slowMillis, deafness, haste, reconciled, sabotage }: Orders) =>
  Layer.mergeAll(
    Sabotage.bus({ sabotage, slowMillis, reconciled }),
    Deafness.eventStore(deafness).pipe(
      Layer.provide(Haste.eventStore(haste)),
      Layer.provide(Sabotage.eventStore(sabotage))
    ),
    Haste.archive(haste),
    Deafness.outbound(haste === "forward" ? "delivery-outcome" : deafness)
  )
const sessionOf = ({ deafness, folder, sabotage, webSocketUrl }: Orders) => {
  const backoff = { firstMs: 100, mostMs: 1_000 }
  return Deafness.whatsapp(deafness).pipe(
    Layer.provide(Sabotage.whatsapp(sabotage)),
    Layer.provide(AgentProcess.whatsapp(folder, { webSocketUrl, backoff }))
  )
}

const whole = (orders: Orders) =>
  together(orders.folder, options(orders), sessionOf(orders), {
    addresses: addresses(orders),
    ports: Layer.merge(Sabotage.ledger(orders.sabotage), portsOf(orders)),
    sender
  })

/** Leases that end soon after their holder: the run kills one every few seconds. */
const leasesOf = ({ servers }: Orders) =>
  servers.database === undefined ? Layer.empty : PostgresLeases.layer({ leaseMillis: 2_000, renewalMillis: 500 })

const gatewayAlone = (orders: Orders) =>
  alone(orders.folder, options(orders), {
    addresses: addresses(orders),
    ports: Layer.merge(portsOf(orders), leasesOf(orders))
  })

const agentAlone = (orders: Orders) => {
  const { folder, sabotage, servers } = orders
  const bus = AgentProcess.bus(agentId, Redacted.make(servers.nats!), undefined)
  return AgentProcess.between(agentId, sessionOf(orders), bus, sender).pipe(
    Layer.provide(Sabotage.ledger(sabotage).pipe(Layer.provideMerge(AgentProcess.embedded(folder))))
  )
}

/** The product, or the half of it that the orders name, with what they break in it. Where it listens; an agent, nowhere. */
export const start = (orders: Orders, pass: (step: Step) => void): Effect.Effect<string, unknown, Scope.Scope> => {
  const surroundings = Layer.merge(Layer.succeed(Steps, pass), Log.layer({ level: orders.logLevel }))
  if (orders.part === "agent") return Effect.as(Layer.build(agentAlone(orders).pipe(Layer.provide(surroundings))), "")
  const product = orders.part === "whole" ? whole(orders) : gatewayAlone(orders)
  return Effect.map(listening(product.pipe(Layer.provide(surroundings))), ({ url }) => url)
}
