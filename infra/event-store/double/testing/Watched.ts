import { EventEmitter, once } from "node:events"
import type { AllStreamSubscription, EventStoreDBClient, Position, StreamSubscription } from "@eventstore/db-client"
import { Effect } from "effect"
import type { Recorded } from "./TestClients.ts"

type AllOptions = NonNullable<Parameters<EventStoreDBClient["subscribeToAll"]>[0]>
type Filter = NonNullable<AllOptions["filter"]>

/** What a subscription has said so far, in its order. */
export interface Watched {
  /** Names of events, and "confirmation", "caughtUp", "checkpoint", "error", "end", "close". */
  readonly said: ReadonlyArray<string>
  readonly events: ReadonlyArray<Recorded>
  readonly checkpoints: ReadonlyArray<Position>
  readonly errors: ReadonlyArray<Record<string, unknown>>
  /** Returns as soon as it holds. */
  readonly until: (holds: () => boolean) => Effect.Effect<void>
  readonly stop: Effect.Effect<void>
}

const watched = (
  subscription: AllStreamSubscription | StreamSubscription,
  checkpoints: Array<Position>,
  changes: EventEmitter
): Watched => {
  const said: Array<string> = []
  const events: Array<Recorded> = []
  const errors: Array<Record<string, unknown>> = []
  const say = (what: string) => {
    said.push(what)
    changes.emit("change")
  }
  changes.on("checkpoint", () => say("checkpoint"))
  subscription.on("confirmation", () => say("confirmation"))
  subscription.on("caughtUp" as "confirmation", () => say("caughtUp"))
  for (const name of ["end", "close"] as const) subscription.on(name, () => say(name))
  subscription.on("error", (error) => {
    errors.push(error as unknown as Record<string, unknown>)
    say("error")
  })
  subscription.on("data", ({ event }: { readonly event?: unknown }) => {
    events.push(event as Recorded)
    say((event as Recorded).type)
  })
  return {
    said,
    events,
    checkpoints,
    errors,
    until: (holds) =>
      Effect.promise(async () => {
        while (!holds()) await once(changes, "change")
      }),
    stop: Effect.promise(() => subscription.unsubscribe())
  }
}

export const watchAll = (
  client: EventStoreDBClient,
  options: Omit<AllOptions, "filter"> & { readonly filter?: Partial<Filter> } = {}
) =>
  Effect.sync(() => {
    const changes = new EventEmitter()
    const checkpoints: Array<Position> = []
    const checkpointReached = (_: unknown, position: Position) => {
      checkpoints.push(position)
      changes.emit("checkpoint")
    }
    const filter = options.filter && ({ checkpointInterval: 1, checkpointReached, ...options.filter } as Filter)
    return watched(client.subscribeToAll({ ...options, ...(filter && { filter }) } as AllOptions), checkpoints, changes)
  }).pipe((open) => Effect.acquireRelease(open, ({ stop }) => stop))

export const watchStream = (
  client: EventStoreDBClient,
  stream: string,
  fromRevision: "start" | "end" | bigint = "start"
) =>
  Effect.acquireRelease(
    Effect.sync(() => watched(client.subscribeToStream(stream, { fromRevision }), [], new EventEmitter())),
    ({ stop }) => stop
  )
