import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, type Redacted } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { Leases } from "#domain/ports/Leases.ts"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import * as Agent from "#mac-agent/Agent.ts"
import { agentKeeps, ledger } from "#mac-agent/Layers.ts"
import { ownKeys } from "#mac-agent/link/OwnKeys.ts"
import * as Trust from "#mac-agent/link/Trust.ts"
import type { SenderOptions } from "#mac-agent/sending/Sender.ts"
import * as Authenticator from "../access/Authenticator.ts"
import * as Clients from "../access/Clients.ts"
import * as KeysView from "../access/KeysView.ts"
import * as DeviceActors from "../devices/DeviceActors.ts"
import * as DevicesLive from "../devices/DevicesLive.ts"
import * as DevicesView from "../devices/DevicesView.ts"
import * as PairingCodes from "../devices/PairingCodes.ts"
import * as SharedPairingCodes from "../devices/SharedPairingCodes.ts"
import * as Dispatcher from "../dispatch/Dispatcher.ts"
import * as Reconciler from "../dispatch/Reconciler.ts"
import * as Server from "../gateway/Server.ts"
import * as Judgement from "../health/Judgement.ts"
import { Adopting } from "../identity/Installation.ts"
import * as OlderLog from "../identity/OlderLog.ts"
import * as OwnDatabase from "../identity/OwnDatabase.ts"
import * as OwnKeys from "../identity/OwnKeys.ts"
import { provenance } from "../identity/Pepper.ts"
import * as Identity from "../identity/StoreIdentity.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import * as MessageActors from "../messages/MessageActors.ts"
import * as MessagesLive from "../messages/MessagesLive.ts"
import * as MessagesView from "../messages/MessagesView.ts"
import * as Waits from "../messages/Waits.ts"
import { Freshness } from "../runtime/Freshness.ts"
import { SharedClock } from "../runtime/SharedClock.ts"
import { observe } from "../telemetry/Metrics.ts"
import * as AgentLink from "../transports/agent-link/AgentLink.ts"
import * as AgentsHeard from "../transports/agent-link/AgentsHeard.ts"
import * as Outcomes from "../transports/Outcomes.ts"
import * as Transports from "../transports/Transport.ts"
import * as Projections from "../views/Projections.ts"
import { Readiness } from "../views/Readiness.ts"
import { custody, database, ports, sharedLog } from "./Adapters.ts"
import { type Addresses, nowhere } from "./Settings.ts"

export interface GatewayOptions {
  readonly agent: AgentId
  readonly region: string
  readonly apiKey: Redacted.Redacted | undefined
  readonly http: Server.Options
  readonly queueLimits: MessagesLive.QueueLimits
  readonly reconciler: Omit<Reconciler.ReconcilerOptions, "registry">
}

/** What one process stands on: a folder, and the addresses there are; by default SQLite files and no server. */
export const embedded = (folder: string, addresses = nowhere) =>
  Layer.merge(ports(folder, addresses), ledger(folder)).pipe(Layer.provideMerge(custody(folder, addresses, agentKeeps)))

/** What a gateway stands on whose agents are processes of their own. */
export const apart = (folder: string, addresses: Addresses) =>
  ports(folder, addresses).pipe(Layer.provideMerge(custody(folder, addresses)))

const pairingCodes = Layer.unwrap(
  Effect.map(Leases, ({ renewalMillis }) =>
    renewalMillis === undefined ? PairingCodes.layer : SharedPairingCodes.layer
  )
)

/** The gateway: everything behind the front door, and the door. Leaves the ports open. */
export const gateway = (options: GatewayOptions) => {
  const messages = MessagesView.make()
  const devices = DevicesView.make()
  const keys = KeysView.make()
  const { registry } = devices
  const { roster } = keys

  observe("homing_messages_open", "Messages that wait to be settled.", messages.depth.total)
  observe("homing_message_contradictions", "Reports that deny another.", messages.depth.contradictions)

  const written = () => [MessagesView.make().view, DevicesView.make().view, KeysView.make().view]
  const projections = Projections.layer([messages.view, devices.view, keys.view], written)
  const views = Readiness.layer.pipe(Layer.provideMerge(projections))
  const services = Layer.mergeAll(
    MessagesLive.layer({ registry, depth: messages.depth, limits: options.queueLimits }),
    DevicesLive.layer({ agent: options.agent, registry }),
    Clients.layer({ roster }),
    Authenticator.layer({ apiKey: options.apiKey, roster })
  )
  const transports = Layer.mergeAll(AgentLink.layer({ registry })).pipe(
    Layer.provideMerge([Transports.layer, Outcomes.layer])
  )
  const reactors = Layer.mergeAll(
    Dispatcher.layer({ registry, known: messages.depth }),
    Reconciler.layer({ ...options.reconciler, registry })
  ).pipe(Layer.provide(transports))

  return Server.layer(options.http).pipe(
    Layer.merge(reactors),
    Layer.provideMerge(services),
    Layer.provide([MessageActors.layer, DeviceActors.layer, Waits.layer]),
    Layer.provideMerge([pairingCodes, AgentsHeard.layer]),
    Layer.provideMerge(views),
    Layer.provide(OlderLog.views),
    Layer.provideMerge(Judgement.layer),
    Layer.provideMerge([Freshness.layer, SharedClock.layer]),
    Layer.provide(OwnKeys.layer),
    Layer.provide(OwnDatabase.layer),
    Layer.provideMerge(Identity.layer),
    Layer.provideMerge(provenance(options.region))
  )
}

/** The agent in the gateway's own process: keys of its own, enrolled here, over the same signed envelopes. */
export const agent = (name: AgentId, options: SenderOptions = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const identity = yield* StoreIdentity
      const keys = yield* ownKeys(1)
      const pin = yield* identity.enrol({ agent: name, ...keys[0]!.public, protocol: (yield* SpokenVersions).newest })
      const trust = Layer.effect(
        Trust.Trust,
        Trust.make(keys, pin, () => Effect.void) // enrolled again at every start
      )
      return Agent.layer(options).pipe(Layer.provide(OlderLog.ledger), Layer.provide(trust))
    })
  )

/** Gateway and agent in one process, over ports that are still to be given. */
export const both = <E, R>(options: GatewayOptions, session: Layer.Layer<WhatsApp, E, R>, sender: SenderOptions = {}) =>
  agent(options.agent, sender).pipe(Layer.provide(session), Layer.provideMerge(gateway(options)))

/** The same, on one folder and the addresses there are. */
export const together = <E, R>(
  folder: string,
  options: GatewayOptions,
  session: Layer.Layer<WhatsApp, E, R>,
  addresses = nowhere
) => both(options, session).pipe(Layer.provideMerge(embedded(folder, addresses)))

/** The gateway alone, over the addresses and, where there is none, the folder. Its agents are processes of their own. */
export const alone = (folder: string, addresses: Addresses, options: GatewayOptions) =>
  gateway(options).pipe(Layer.provideMerge(apart(folder, addresses)))

const logIdentity = (folder: string, addresses: Addresses, region: string) =>
  Identity.layer.pipe(Layer.provide(provenance(region)), Layer.provideMerge(sharedLog(folder, addresses)))

/** Who the log is, and nothing else: for what is done while no gateway runs. */
export const identity = (folder: string, addresses: Addresses, region: string) =>
  logIdentity(folder, addresses, region).pipe(Layer.provide(custody(folder, addresses)))

/** What of an agent is in the folder is adopted with the rest. */
const agentIn = (folder: string) => (existsSync(join(folder, agentKeeps.files[0])) ? agentKeeps : undefined)

/** The same, with the subject keys that are there, which become the log's. */
export const adoption = (folder: string, addresses: Addresses, region: string) =>
  OwnKeys.layer.pipe(
    Layer.provide([database(folder, addresses)]),
    Layer.provideMerge(logIdentity(folder, addresses, region)),
    Layer.provide(custody(folder, addresses, agentIn(folder))),
    Layer.provide(Layer.succeed(Adopting, true))
  )
