import { Effect, Exit, Scope } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/Fixture.ts"
import { natsServer } from "../test/servers/Nats.ts"
import { postgres } from "../test/servers/Postgres.ts"

/** What stands between and under the two halves, besides files: nothing, or servers of this run's own. */
export const backbones = ["embedded", "nats", "eventstoredb", "all"] as const
export type Backbone = (typeof backbones)[number]

const addressesOf = {
  embedded: Effect.succeed({}),
  nats: Effect.map(natsServer(), ({ url }) => ({ NATS_URL: url })),
  eventstoredb: Effect.map(eventStoreDouble, ({ url }) => ({ EVENTSTORE_URL: process.env.EVENTSTORE_URL ?? url })),
  all: Effect.all([natsServer(), eventStoreDouble, Effect.flatMap(postgres(), ({ database }) => database)], {
    concurrency: "unbounded"
  }).pipe(
    Effect.map(([nats, eventStore, database]) => ({
      NATS_URL: nats.url,
      EVENTSTORE_URL: process.env.EVENTSTORE_URL ?? eventStore.url,
      DATABASE_URL: database
    }))
  )
}

/** Starts the servers; `env` are their addresses, as a gateway is told them. */
export const start = async (backbone: Backbone) => {
  const scope = Scope.makeUnsafe()
  const env: Readonly<Record<string, string>> = await Effect.runPromise(Scope.provide(addressesOf[backbone], scope))
  return { env, stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** What the figures were taken on, where it is not what it stands for. */
export const storeOf = (backbone: Backbone) =>
  backbone === "embedded" || backbone === "nats"
    ? "sqlite"
    : process.env.EVENTSTORE_URL === undefined
      ? "double"
      : "real"
