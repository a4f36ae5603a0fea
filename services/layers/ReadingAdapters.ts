import { join } from "node:path"
import { Effect, Layer } from "effect"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteLog from "#infra/event-store/sqlite/Reading.ts"
import * as Secrets from "#infra/secrets/Reading.ts"
import * as Sqlite from "#infra/sqlite/Reading.ts"
import * as Keys from "#infra/subject-keys/Reading.ts"
import { provenance } from "../identity/Pepper.ts"
import { Personal } from "../privacy/Personal.ts"
import { LogElsewhere } from "../runtime/Freshness.ts"
import { Registrations } from "../views/Registrations.ts"
import { Seals } from "../views/Seals.ts"
import { registering } from "./Gateway.ts"
import type { Addresses } from "./Settings.ts"

// What a process stands on that reads, beside the gateway that writes: no bus, no lock, and nothing through which it could write.

/** An adapter whose library is loaded only where its address is configured. */
const later = <M, A, E, R>(load: () => Promise<M>, layer: (module: M) => Layer.Layer<A, E, R>) =>
  Layer.unwrap(Effect.map(Effect.promise(load), layer))

const logAt = (folder: string, { eventStoreUrl: url }: Addresses) =>
  url === undefined
    ? SqliteLog.layer(join(folder, "log.db"))
    : later(
        () => import("#infra/event-store/eventstoredb/Reading.ts"),
        (EventStoreDb) => EventStoreDb.layer(url)
      )

/** The log, in its file or on its server. */
export const log = (folder: string, addresses: Addresses) =>
  Layer.mergeAll(logAt(folder, addresses), Layer.succeed(LogElsewhere, addresses.eventStoreUrl !== undefined))

const keysAt = (folder: string, { databaseUrl: url }: Addresses) =>
  url === undefined
    ? Keys.sqlite(join(folder, "subject-keys.db"))
    : later(
        () => import("#infra/postgres/Reading.ts"),
        (Postgres) => Layer.provide(Keys.postgres, Postgres.layer(url))
      )

/** The secrets in the folder, and whose log it is. */
const secrets = (folder: string, region: string) =>
  provenance(region).pipe(
    Layer.provideMerge(Secrets.layer(join(folder, "secrets"))),
    Layer.provideMerge(NodeCrypto.layer)
  )

/** With the keys that open what is personal. */
export const opening = (folder: string, addresses: Addresses, region: string) =>
  Layer.provide(Personal.layer, [keysAt(folder, addresses)]).pipe(
    Layer.provideMerge(secrets(folder, region)),
    Layer.provideMerge(log(folder, addresses))
  )

/** The views of this release, and what seals their rows. */
export const views = (folder: string, addresses: Addresses, region: string) =>
  Layer.merge(registering, Seals.layer).pipe(
    Layer.provideMerge(Registrations.layer),
    Layer.provide(addresses.regions === undefined ? Layer.empty : Layer.succeed(RegionFeeds, [] as never)),
    Layer.provide([keysAt(folder, addresses)]),
    Layer.provideMerge(secrets(folder, region)),
    Layer.provideMerge(log(folder, addresses))
  )

/** The live rows, where they are a file. */
export const rowsIn = (folder: string) => join(folder, "views.db")

/** A database of this process alone: nothing of the gateway's. */
export const own = (file: string) => Sqlite.own(file)
