import { join } from "node:path"
import { Effect, Layer, Redacted } from "effect"
import { type AgentId, defaultTenant } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { newestProtocol } from "#domain/wire/Trust.ts"
import * as InProcessBus from "#infra/bus/InProcess.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteEventStore from "#infra/event-store/Sqlite.ts"
import * as SqliteLedger from "#infra/ledger/Sqlite.ts"
import * as InProcessLimits from "#infra/limits/InProcess.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import * as DirectoryLock from "#infra/sqlite/DirectoryLock.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import * as Agent from "#mac-agent/Agent.ts"
import { ownKeys } from "#mac-agent/OwnKeys.ts"
import type { SenderOptions } from "#mac-agent/Sender.ts"
import * as Trust from "#mac-agent/Trust.ts"
import * as Authenticator from "./access/Authenticator.ts"
import * as Clients from "./access/Clients.ts"
import * as KeysView from "./access/KeysView.ts"
import * as DeviceActors from "./devices/DeviceActors.ts"
import * as DevicesLive from "./devices/DevicesLive.ts"
import * as PairingCodes from "./devices/PairingCodes.ts"
import { Deployment } from "./gateway/Deployment.ts"
import * as Server from "./gateway/Server.ts"
import * as Identity from "./identity/StoreIdentity.ts"
import { StoreIdentity } from "./identity/StoreIdentity.ts"
import * as AgentCommands from "./messaging/AgentCommands.ts"
import * as Dispatcher from "./messaging/Dispatcher.ts"
import * as MessageActors from "./messaging/MessageActors.ts"
import * as MessagesLive from "./messaging/MessagesLive.ts"
import * as Receipts from "./messaging/Receipts.ts"
import * as Reconciler from "./messaging/Reconciler.ts"
import * as ReportRecords from "./messaging/ReportRecords.ts"
import * as Reports from "./messaging/Reports.ts"
import * as Waits from "./messaging/Waits.ts"
import * as DevicesView from "./projections/DevicesView.ts"
import * as MessagesView from "./projections/MessagesView.ts"
import * as Projections from "./projections/Projections.ts"
import { Readiness } from "./projections/Readiness.ts"
import { Provenance } from "./runtime/Provenance.ts"
import { observe } from "./telemetry/Metrics.ts"
import { version } from "./Version.ts"

export interface GatewayOptions {
  readonly agent: AgentId
  readonly region: string
  readonly apiKey: Redacted.Redacted | undefined
  readonly http: Server.Options
  readonly queueLimits: MessagesLive.QueueLimits
  readonly reconciler: Omit<Reconciler.ReconcilerOptions, "registry">
}

/** The embedded adapters: one folder, SQLite files, no server. One process holds the folder at a time. */
export const embedded = (folder: string) => {
  const files = Layer.mergeAll(
    SqliteEventStore.layer(join(folder, "log.db")),
    SqliteSubjectKeys.layer(join(folder, "subject-keys.db")),
    SqliteLedger.layer(join(folder, "ledger.db")),
    SqliteClient.layer(join(folder, "views.db"), { durability: "checkpoint" }),
    InProcessBus.layer,
    InProcessLimits.layer
  )
  return files.pipe(
    Layer.provideMerge(FileVault.layer(join(folder, "secrets"))),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(DirectoryLock.layer(folder))
  )
}

const provenance = (region: string) =>
  Layer.effect(
    Provenance,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const pepper = yield* (yield* SecretVault).obtain("pepper")
      return {
        tenant: defaultTenant,
        region,
        producer: `homing-gateway/${version}`,
        pepper: crypto.macKey(Redacted.value(pepper))
      }
    })
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

  const views = Readiness.layer.pipe(Layer.provideMerge(Projections.layer([messages.view, devices.view, keys.view])))
  const services = Layer.mergeAll(
    MessagesLive.layer({ registry, depth: messages.depth, limits: options.queueLimits }),
    DevicesLive.layer({ agent: options.agent, registry }),
    Clients.layer({ roster }),
    Authenticator.layer({ apiKey: options.apiKey, roster })
  )
  const reactors = Layer.mergeAll(
    Dispatcher.layer({ registry }),
    Reports.layer.pipe(Layer.provide(ReportRecords.layer)),
    Reconciler.layer({ ...options.reconciler, registry })
  ).pipe(Layer.provide(Receipts.layer), Layer.provide(AgentCommands.layer))

  const deployment = Layer.succeed(Deployment, {
    version,
    store: "SQLite in this process: an accepted message is on disk before it is answered",
    bus: "in this process: what it forgets is issued again from the log"
  })

  return Server.layer(options.http).pipe(
    Layer.merge(reactors),
    Layer.provideMerge(services),
    Layer.provide([deployment, MessageActors.layer, DeviceActors.layer, Waits.layer]),
    Layer.provideMerge(PairingCodes.layer),
    Layer.provideMerge(views),
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
      const pin = yield* identity.enrol({ agent: name, ...keys[0]!.public, protocol: newestProtocol })
      const trust = Layer.effect(
        Trust.Trust,
        Trust.make(keys, pin, () => Effect.void) // enrolled again at every start
      )
      return Agent.layer(options).pipe(Layer.provide(trust))
    })
  )

/** Gateway and agent in one process, on one folder. */
export const together = <E, R>(
  folder: string,
  options: GatewayOptions,
  session: Layer.Layer<WhatsApp, E, R>,
  sender: SenderOptions = {}
) =>
  agent(options.agent, sender).pipe(
    Layer.provide(session),
    Layer.provideMerge(gateway(options)),
    Layer.provideMerge(embedded(folder))
  )
