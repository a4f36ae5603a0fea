import { join } from "node:path"
import { Effect, Layer, Redacted } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { NewestProtocol } from "#domain/identity/Trust.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as InProcessBus from "#infra/bus/in-process/InProcess.ts"
import * as Nkey from "#infra/bus/jetstream/Nkey.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as InProcessLimits from "#infra/limits/InProcess.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import * as DirectoryLock from "#infra/sqlite/DirectoryLock.ts"
import type { Contents } from "#infra/sqlite/FolderContents.ts"
import * as FolderContents from "#infra/sqlite/FolderContents.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import * as Agent from "#mac-agent/Agent.ts"
import { agentKeeps, ledger } from "#mac-agent/Layers.ts"
import { ownKeys } from "#mac-agent/link/OwnKeys.ts"
import * as Trust from "#mac-agent/link/Trust.ts"
import type { SenderOptions } from "#mac-agent/sending/Sender.ts"
import { Deployment } from "../health/Deployment.ts"
import { Adopting, Shared } from "../identity/Installation.ts"
import * as OlderLog from "../identity/OlderLog.ts"
import * as OwnKeys from "../identity/OwnKeys.ts"
import { provenance } from "../identity/Pepper.ts"
import * as Identity from "../identity/StoreIdentity.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import { LogElsewhere } from "../runtime/Freshness.ts"
import { version } from "../Version.ts"
import { type GatewayOptions, gateway } from "./Gateway.ts"

/** What serves a port instead of a file, where there is an address. */
export interface Addresses {
  readonly eventStoreUrl: Redacted.Redacted | undefined
  readonly natsUrl: Redacted.Redacted | undefined
  readonly natsCaFile: string | undefined
  readonly databaseUrl: Redacted.Redacted | undefined
}

/** No server at all: one folder, one process. */
export const nowhere: Addresses = {
  eventStoreUrl: undefined,
  natsUrl: undefined,
  natsCaFile: undefined,
  databaseUrl: undefined
}

/** An adapter whose library is loaded only where its address is configured. */
const later = <M, A, E, R>(load: () => Promise<M>, layer: (module: M) => Layer.Layer<A, E, R>) =>
  Layer.unwrap(Effect.map(Effect.promise(load), layer))

const log = (folder: string, url: Redacted.Redacted | undefined) =>
  url === undefined
    ? SqliteEventStore.layer(join(folder, "log.db"))
    : later(
        () => import("#infra/event-store/eventstoredb/EventStoreDb.ts"),
        (EventStoreDb) => EventStoreDb.layer({ url })
      )

const database = (folder: string, url: Redacted.Redacted | undefined) =>
  url === undefined
    ? Layer.mergeAll(
        SqliteSubjectKeys.layer(join(folder, "subject-keys.db")),
        InProcessLimits.layer,
        InProcessLeases.layer
      ).pipe(
        Layer.provideMerge(SqliteClient.layer(join(folder, "views.db"), { durability: "checkpoint", expendable: true }))
      )
    : later(
        async () => ({
          Client: await import("#infra/postgres/PostgresClient.ts"),
          Keys: await import("#infra/subject-keys/Postgres.ts"),
          Limits: await import("#infra/limits/Postgres.ts"),
          PostgresLeases: await import("#infra/leases/Postgres.ts")
        }),
        ({ Client, Keys, Limits, PostgresLeases }) =>
          Layer.mergeAll(Keys.layer, Limits.layer, PostgresLeases.layer()).pipe(Layer.provideMerge(Client.layer(url)))
      )

const inThisProcess = () => "in this process: what it forgets is issued again from the log"
const storePromise = (url: Redacted.Redacted | undefined) =>
  url === undefined
    ? "SQLite in this process: an accepted message is on disk before it is answered"
    : "EventStoreDB: an accepted message is acknowledged by the server before it is answered"

const bus = ({ eventStoreUrl, natsCaFile: caFile, natsUrl: url }: Addresses) => {
  const store = storePromise(eventStoreUrl)
  if (url === undefined) {
    return Layer.merge(InProcessBus.layer, Layer.succeed(Deployment, { version, store, bus: inThisProcess }))
  }
  return Layer.unwrap(
    Effect.gen(function* () {
      const { JetStreamServer, layer } = yield* Effect.promise(() => import("#infra/bus/jetstream/JetStream.ts"))
      const nkeySeed = Redacted.make(
        Nkey.userOf(Redacted.value(yield* (yield* SecretVault).obtain("gateway-nkey"))).seed
      )
      const deployment = Layer.effect(
        Deployment,
        Effect.map(JetStreamServer, ({ describe }) => ({ version, store, bus: describe }))
      )
      return Layer.provideMerge(deployment, layer({ url: Redacted.value(url), caFile, nkeySeed, role: "gateway" }))
    })
  )
}

/** What the gateway stands on: each port served from its address, or from a file in the folder. */
const ports = (folder: string, addresses: Addresses) =>
  Layer.mergeAll(
    log(folder, addresses.eventStoreUrl),
    database(folder, addresses.databaseUrl),
    bus(addresses),
    Layer.succeed(Shared, isShared(addresses)),
    Layer.succeed(LogElsewhere, addresses.eventStoreUrl !== undefined)
  )

/** Secrets are files in the folder; gateways that share everything else share copies of them. */
const secrets = (folder: string) => FileVault.layer(join(folder, "secrets")).pipe(Layer.provideMerge(NodeCrypto.layer))

const isShared = ({ databaseUrl, eventStoreUrl, natsUrl }: Addresses) =>
  databaseUrl !== undefined && eventStoreUrl !== undefined && natsUrl !== undefined

/** What the gateway keeps in the folder: what has no address. */
const kept = ({ databaseUrl, eventStoreUrl }: Addresses): Contents => ({
  files: [
    ...(eventStoreUrl === undefined ? ["log.db"] : []),
    ...(databaseUrl === undefined ? ["subject-keys.db"] : [])
  ],
  secrets: ["pepper", "subject-keys"]
})
const both = (a: Contents, b: Contents): Contents => ({
  files: [...a.files, ...b.files],
  secrets: [...a.secrets, ...b.secrets]
})

/**
 * One process holds the folder at a time, unless nothing but secrets is in it. Who adopts a log goes by the secrets that
 * are there.
 */
const custody = (folder: string, addresses: Addresses, contents: Contents) =>
  isShared(addresses)
    ? secrets(folder)
    : Layer.unwrap(Effect.map(Adopting, (adopting) => FolderContents.layer(folder, contents, adopting))).pipe(
        Layer.provideMerge(secrets(folder)),
        Layer.provideMerge(DirectoryLock.layer(folder))
      )

/** What one process stands on: a folder, and the addresses there are; by default SQLite files and no server. */
export const embedded = (folder: string, addresses = nowhere) =>
  Layer.merge(ports(folder, addresses), ledger(folder)).pipe(
    Layer.provideMerge(custody(folder, addresses, both(kept(addresses), agentKeeps)))
  )

/** What a gateway stands on whose agents are processes of their own. */
export const apart = (folder: string, addresses: Addresses) =>
  ports(folder, addresses).pipe(Layer.provideMerge(custody(folder, addresses, kept(addresses))))

/** The agent in the gateway's own process: keys of its own, enrolled here, over the same signed envelopes. */
export const agent = (name: AgentId, options: SenderOptions = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const identity = yield* StoreIdentity
      const keys = yield* ownKeys(1)
      const pin = yield* identity.enrol({ agent: name, ...keys[0]!.public, protocol: yield* NewestProtocol })
      const trust = Layer.effect(
        Trust.Trust,
        Trust.make(keys, pin, () => Effect.void) // enrolled again at every start
      )
      return Agent.layer(options).pipe(Layer.provide(OlderLog.ledger), Layer.provide(trust))
    })
  )

/** Gateway and agent in one process, on one folder, and the addresses there are. */
export const together = <E, R>(
  folder: string,
  options: GatewayOptions,
  session: Layer.Layer<WhatsApp, E, R>,
  { addresses = nowhere, sender = {} }: { readonly addresses?: Addresses; readonly sender?: SenderOptions } = {}
) =>
  agent(options.agent, sender).pipe(
    Layer.provide(session),
    Layer.provideMerge(gateway(options)),
    Layer.provideMerge(embedded(folder, addresses))
  )

/** The gateway alone, over the addresses and, where there is none, the folder. Its agents are processes of their own. */
export const alone = (folder: string, addresses: Addresses, options: GatewayOptions) =>
  gateway(options).pipe(Layer.provideMerge(apart(folder, addresses)))

const logIdentity = (folder: string, addresses: Addresses, region: string) =>
  Identity.layer.pipe(
    Layer.provide(provenance(region)),
    Layer.provideMerge([log(folder, addresses.eventStoreUrl), Layer.succeed(Shared, isShared(addresses))])
  )

/** Who the log is, and nothing else: for what is done while no gateway runs. */
export const identity = (folder: string, addresses: Addresses, region: string) =>
  logIdentity(folder, addresses, region).pipe(Layer.provide(custody(folder, addresses, kept(addresses))))

/** The same, with the subject keys that are there, which become the log's. */
export const adoption = (folder: string, addresses: Addresses, region: string) =>
  OwnKeys.layer.pipe(
    Layer.provide([database(folder, addresses.databaseUrl)]),
    Layer.provideMerge(logIdentity(folder, addresses, region)),
    Layer.provide(custody(folder, addresses, kept(addresses))),
    Layer.provide(Layer.succeed(Adopting, true))
  )
