import { Effect, Exit, Scope } from "effect"
import type { ServerUrls } from "#services/testing/Composition.ts"
import * as EventStoreDb from "../servers/EventStoreDb.ts"
import { natsServer } from "../servers/Nats.ts"
import { postgres } from "../servers/Postgres.ts"

export const serverNames = ["event-store", "nats-server", "postgresql"] as const
export type ServerName = (typeof serverNames)[number]

interface Server {
  readonly urls: ServerUrls
  /** SIGKILL; resolves when it is gone. */
  readonly kill: Effect.Effect<void>
  /** On the same port, with what it stored. */
  readonly restart: Effect.Effect<void>
  readonly wipe?: Effect.Effect<void>
}

const eventStore = Effect.map(
  EventStoreDb.eventStore,
  ({ kill, restart, url }): Server => ({ urls: { eventStore: url }, kill, restart })
)
const nats = Effect.map(
  natsServer(),
  ({ kill, restart, url, wipeStore }): Server => ({ urls: { nats: url }, kill: kill(), restart, wipe: wipeStore })
)
/** A kill is not a power cut: what is written and not synced is kept by the operating system. */
const database = Effect.gen(function* () {
  const { database, kill, restart } = yield* postgres({ settings: { fsync: "off" } })
  const server: Server = { urls: { database: yield* database }, kill: kill(), restart }
  return server
})
const recipes = { "event-store": eventStore, "nats-server": nats, postgresql: database }

/** The servers that the product stands on: real ones, but for the event store's stand-in where nothing names a real one. */
export const startServers = async (names: ReadonlyArray<ServerName>) => {
  const scope = Scope.makeUnsafe()
  const started = await Effect.runPromise(
    Effect.forEach(names, (name) => recipes[name], { concurrency: "unbounded" }).pipe(Scope.provide(scope))
  )
  const all = new Map(names.map((name, i) => [name, started[i]!]))
  return {
    urls: Object.assign({}, ...started.map(({ urls }) => urls)) as ServerUrls,
    /** Gone for `downMillis`, then there again. */
    kill: async (name: ServerName, downMillis: number) => {
      const { kill, restart } = all.get(name)!
      await Effect.runPromise(kill.pipe(Effect.andThen(Effect.sleep(downMillis)), Effect.andThen(restart)))
    },
    /** It forgets all that it stored. */
    wipe: async (name: ServerName) => {
      const { restart, wipe } = all.get(name)!
      if (wipe === undefined) throw new Error(`${name} is not one that may forget`)
      await Effect.runPromise(Effect.andThen(wipe, restart))
    },
    end: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
