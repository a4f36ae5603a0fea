import { Effect, Exit, Scope } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { natsServer } from "../test/servers/Nats.ts"
import { postgres } from "../test/servers/Postgres.ts"

/** What stands between and under the two halves, besides files: nothing, or servers of this run's own. */
export const backbones = ["embedded", "nats", "eventstoredb", "all"] as const
export type Backbone = (typeof backbones)[number]

const named = <Name extends string>(name: Name, url: Effect.Effect<string, never, Scope.Scope>) =>
  Effect.map(url, (value) => ({ [name]: value }))
const nats = named(
  "NATS_URL",
  Effect.map(natsServer(), ({ url }) => url)
)
const eventStore = named(
  "EVENTSTORE_URL",
  Effect.map(eventStoreDouble, ({ url }) => process.env.EVENTSTORE_URL ?? url)
)
const database = named(
  "DATABASE_URL",
  Effect.flatMap(postgres(), (server) => server.database)
)

const addressesOf = {
  embedded: [],
  nats: [nats],
  eventstoredb: [eventStore],
  all: [nats, eventStore, database]
} as const

type Addresses = Readonly<Record<string, string>>

/** Starts the servers, one set for the product and one for the floor: their addresses, as a gateway is told them. */
export const start = async (backbone: Backbone) => {
  const scope = Scope.makeUnsafe()
  const set = Effect.map(
    Effect.all(addressesOf[backbone], { concurrency: "unbounded" }),
    (all): Addresses => Object.assign({}, ...all)
  )
  const [product, floor] = await Effect.runPromise(Scope.provide(Effect.all([set, set]), scope))
  return { product, floor, stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** What the figures were taken on, where it is not what it stands for. */
export const storeOf = (backbone: Backbone) =>
  backbone === "embedded" || backbone === "nats"
    ? "sqlite"
    : process.env.EVENTSTORE_URL === undefined
      ? "double"
      : "real"
