import { join } from "node:path"
import { type Array, Effect, Layer, Redacted } from "effect"
import type { AgentId, ConsumerId } from "#domain/Ids.ts"
import { Archive } from "#domain/ports/Archive.ts"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { onDemand } from "#infra/blobs/OnDemand.ts"
import * as SqliteBlobs from "#infra/blobs/Sqlite.ts"
import * as InProcessBus from "#infra/bus/in-process/InProcess.ts"
import * as Nkey from "#infra/bus/jetstream/Nkey.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as LeftLog from "#infra/event-store/sqlite/LeftLog.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as InProcessLimits from "#infra/limits/InProcess.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import { isPassing } from "#infra/postgres/Passing.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import * as Database from "#infra/sqlite/Database.ts"
import * as DirectoryLock from "#infra/sqlite/DirectoryLock.ts"
import type { Contents } from "#infra/sqlite/FolderContents.ts"
import * as FolderContents from "#infra/sqlite/FolderContents.ts"
import { freeBytes } from "#infra/sqlite/FreeSpace.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import type * as WhatsAppSimulator from "#infra/whatsapp/simulator/Simulator.ts"
import { Deployment } from "../health/Deployment.ts"
import { Adopting, Shared } from "../identity/Installation.ts"
import { LogElsewhere } from "../runtime/Freshness.ts"
import { Home } from "../tables/Home.ts"
import { observe } from "../telemetry/Metrics.ts"
import { version } from "../Version.ts"
import type { Addresses } from "./Settings.ts"

// Which adapter stands behind which port of the gateway: one for an address, or one for the folder.

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

const viewsIn = (folder: string) => {
  const file = join(folder, "views.db")
  return Layer.succeed(Home, {
    name: file,
    remedy: () => `Stop Homing, delete ${file}, start: it is made again from the log`,
    pristine: SqliteClient.inMemory
  })
}
const viewsElsewhere = Layer.succeed(Home, {
  name: "the database at DATABASE_URL",
  remedy: (table) => `Stop every gateway, DROP TABLE ${table}, start: it is made again`,
  pristine: undefined
})

/** Subject keys, blobs, limits and leases, and the tables beside them. */
export const database = (folder: string, { databaseUrl: url }: Addresses) =>
  url === undefined
    ? Layer.mergeAll(
        viewsIn(folder),
        SqliteSubjectKeys.layer(join(folder, "subject-keys.db")),
        onDemand(SqliteBlobs.layer(join(folder, "blobs.db"))),
        InProcessLimits.layer,
        InProcessLeases.layer
      ).pipe(
        Layer.provideMerge(SqliteClient.layer(join(folder, "views.db"), { durability: "checkpoint", expendable: true }))
      )
    : later(
        async () => ({
          Blobs: await import("#infra/blobs/Postgres.ts"),
          Client: await import("#infra/postgres/Presence.ts"),
          Keys: await import("#infra/subject-keys/Postgres.ts"),
          Limits: await import("#infra/limits/Postgres.ts"),
          PostgresLeases: await import("#infra/leases/Postgres.ts")
        }),
        ({ Blobs, Client, Keys, Limits, PostgresLeases }) =>
          Layer.mergeAll(viewsElsewhere, onDemand(Blobs.layer), Keys.layer, Limits.layer, PostgresLeases.layer()).pipe(
            Layer.provideMerge(Client.layer(url))
          )
      )

const inThisProcess = () => "in this process: what it forgets is issued again from the log"
const storePromise = (url: Redacted.Redacted | undefined) =>
  url === undefined
    ? "SQLite in this process: an accepted message is on disk before it is answered"
    : "EventStoreDB: an accepted message is acknowledged by the server before it is answered"

/** As whom the gateway signs in at a NATS server. Made if it is not there yet. */
export const nkey = Effect.gen(function* () {
  return Nkey.userOf(Redacted.value(yield* (yield* SecretVault).obtain("gateway-nkey")))
})

const dayMillis = 24 * 3_600_000

const eventsOn = ({ eventsConsumers: consumers = [], eventsMaxAgeDays, eventsMaxBytes: maxBytes }: Addresses) =>
  maxBytes === 0 ? undefined : { consumers, maxBytes, keptMillis: eventsMaxAgeDays * dayMillis }

const bus = (addresses: Addresses) => {
  const { eventStoreUrl, natsCaFile: caFile, natsUrl: url } = addresses
  const store = storePromise(eventStoreUrl)
  if (url === undefined) {
    return Layer.merge(
      InProcessBus.layer,
      Layer.succeed(Deployment, {
        version,
        store,
        bus: inThisProcess,
        busShortage: () => undefined,
        busFullness: () => 0
      })
    )
  }
  return Layer.unwrap(
    Effect.gen(function* () {
      const { JetStreamServer, layer } = yield* Effect.promise(() => import("#infra/bus/jetstream/JetStream.ts"))
      const nkeySeed = Redacted.make((yield* nkey).seed)
      const deployment = Layer.effect(
        Deployment,
        Effect.map(JetStreamServer, ({ describe, fullness, shortage }) => ({
          version,
          store,
          bus: describe,
          busShortage: shortage,
          busFullness: fullness
        }))
      )
      const own = { url: Redacted.value(url), caFile, nkeySeed }
      return Layer.provideMerge(deployment, layer({ ...own, role: "gateway", events: eventsOn(addresses) }))
    })
  )
}

/** None unless an address is named: then nothing of it is loaded. */
const archive = (addresses: Addresses) => {
  const { archiveDays: days, archiveEndpoint: endpoint, archiveKeyId: id, archiveKeySecret: secret } = addresses
  const { archiveLock: mode, archiveRegion: region, archiveRemove: remove, archiveUrl: url } = addresses
  if (url === undefined) return Layer.empty
  if (url.kind === "files") {
    return later(
      () => import("#infra/archive/Files.ts"),
      (Files) =>
        Layer.effect(Archive, Files.make({ folder: url.folder, removedAfterDays: remove === "yes" ? days : undefined }))
    )
  }
  const credentials = id === undefined || secret === undefined ? undefined : { id, secret }
  return later(
    () => import("#infra/archive/S3.ts"),
    (S3) => Layer.effect(Archive, S3.make({ ...url, region, endpoint, credentials, mode, keptDays: days }))
  )
}

/** None unless this is the home of regions: then nothing of it is loaded. */
const regionFeeds = ({ regions }: Addresses) =>
  regions === undefined
    ? Layer.empty
    : later(
        () => import("#infra/bus/jetstream/RegionFeed.ts"),
        (RegionFeed) => Layer.effect(RegionFeeds, Effect.forEach(Redacted.value(regions), RegionFeed.make))
      )

const hasTag = (error: unknown, tag: string) => (error as { readonly _tag?: unknown })._tag === tag

/** Whether this came of a server that has gone away, and may come back: a file does neither. */
export const isLoss = ({ databaseUrl, eventStoreUrl }: Addresses) => {
  const isLost = (error: unknown): boolean => {
    if (!(error instanceof Error)) return false
    if (eventStoreUrl !== undefined && hasTag(error, "EventStoreUnavailable")) return true
    if (databaseUrl !== undefined && isPassing(error)) return true
    return isLost(error.cause)
  }
  return isLost
}

const isShared = ({ databaseUrl, eventStoreUrl, natsUrl }: Addresses) =>
  databaseUrl !== undefined && eventStoreUrl !== undefined && natsUrl !== undefined

/** The log, and whether gateways share it. */
export const sharedLog = (folder: string, addresses: Addresses) =>
  Layer.mergeAll(log(folder, addresses.eventStoreUrl), Layer.succeed(Shared, isShared(addresses)))

const room = (folder: string) =>
  Layer.effectDiscard(
    Effect.sync(() =>
      observe("homing_disk_free_bytes", "What may still be written where the data folder is.", () => freeBytes(folder))
    )
  )

/** What the gateway stands on: each port served from its address, or from a file in the folder. */
export const ports = (folder: string, addresses: Addresses) =>
  Layer.mergeAll(
    sharedLog(folder, addresses),
    database(folder, addresses),
    bus(addresses),
    NodeHttpOutbound.layer({ allow: addresses.outboundAllow ?? [] }),
    archive(addresses),
    regionFeeds(addresses),
    room(folder),
    Layer.succeed(LogElsewhere, addresses.eventStoreUrl !== undefined)
  )

/** Secrets are files in the folder; gateways that share everything else share copies of them. */
export const secrets = (folder: string) =>
  FileVault.layer(join(folder, "secrets")).pipe(Layer.provideMerge(NodeCrypto.layer))

/** What the gateway keeps in the folder: what has no address. */
const kept = ({ databaseUrl, eventStoreUrl }: Addresses): Contents => ({
  files: [
    ...(eventStoreUrl === undefined ? ["log.db"] : []),
    ...(databaseUrl === undefined ? ["subject-keys.db"] : [])
  ],
  log: "log.db",
  begun: { secret: "gateway-signing", variable: "EVENTSTORE_URL" },
  secrets: ["pepper", "subject-keys"],
  renewal: "`homing store adopt`"
})

/**
 * One process holds the folder at a time, unless nothing but secrets is in it. Who adopts a log goes by the secrets that
 * are there. `others`: what another half keeps there.
 */
export const custody = (
  folder: string,
  addresses: Addresses,
  others: Pick<Contents, "files" | "secrets"> = { files: [], secrets: [] }
) => {
  const own = kept(addresses)
  const contents = { ...own, files: [...own.files, ...others.files], secrets: [...own.secrets, ...others.secrets] }
  const whole = Layer.unwrap(Effect.map(Adopting, (adopting) => FolderContents.layer(folder, contents, adopting)))
  const holding = isShared(addresses)
    ? secrets(folder)
    : whole.pipe(Layer.provideMerge(secrets(folder)), Layer.provideMerge(DirectoryLock.layer(folder)))
  return addresses.eventStoreUrl === undefined
    ? holding
    : Layer.provideMerge(holding, LeftLog.refused(join(folder, "log.db"), "EVENTSTORE_URL"))
}

/** This process alone in the folder. */
export const held = DirectoryLock.layer

/** Fails when a database is damaged. Takes a second or more for each 200 MB. */
export const readThrough = (file: string) => Effect.scoped(Database.readThrough(file))

/** The log in the folder, read by whoever has the folder for itself. */
export const embeddedLog = (folder: string) => SqliteEventStore.layer(join(folder, "log.db"))

/** For what is checked without a folder. */
export const crypto = NodeCrypto.layer

/** A NATS server's configuration for a gateway, these agents, and these services that read events. */
export const natsConfiguration = (options: {
  readonly agents: Array.NonEmptyReadonlyArray<AgentId>
  readonly consumers: ReadonlyArray<ConsumerId>
  readonly syncAlways: boolean
}) =>
  Effect.map(
    Effect.promise(() => import("#infra/bus/jetstream/Configuration.ts")),
    ({ configuration }) => configuration(options)
  )

export type Simulator = WhatsAppSimulator.Simulator

/** A simulated WhatsApp in this process; it closes with the scope. */
export const simulated = (options: WhatsAppSimulator.SimulatorOptions) =>
  Effect.acquireRelease(
    Effect.promise(async (): Promise<Simulator> => {
      const { startSimulator } = await import("#infra/whatsapp/simulator/Simulator.ts")
      return startSimulator(options)
    }),
    (started) => Effect.promise(() => started.close())
  )
