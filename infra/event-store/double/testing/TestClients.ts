import { it, type Vitest } from "@effect/vitest"
import { type AllStreamRecordedEvent, EventStoreDBClient, type JSONEventType, jsonEvent } from "@eventstore/db-client"
import { Context, Effect, Layer, type Scope } from "effect"
import { eventStoreDouble } from "./DoubleFixture.ts"

/** The client as it comes, and what it talks to. */
export class Connected extends Context.Service<
  Connected,
  { readonly url: string; readonly client: EventStoreDBClient }
>()("homing/infra/event-store/double/Connected") {}

/** Disposing waits for every call to end, for ever for one that the server ended: so nobody waits for it. */
export const connect = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => EventStoreDBClient.connectionString(url)),
    (client) => Effect.sync(() => void client.dispose())
  )

const connectedTo = (url: Effect.Effect<string, never, Scope.Scope>) =>
  Layer.effect(
    Connected,
    Effect.gen(function* () {
      const at = yield* url
      return { url: at, client: yield* connect(at) }
    })
  )

const real = process.env.EVENTSTORE_COMPARE_URL
const servers = [
  ["the EventStoreDB double", Effect.map(eventStoreDouble, ({ url }) => url)],
  ...(real === undefined ? [] : ([["a real EventStoreDB", Effect.succeed(real)]] as const))
] as const

/** Tests of the double, and of a real server where EVENTSTORE_COMPARE_URL names one that nobody else writes to. */
export const alike = (what: string, tests: (it: Vitest.MethodsNonLive<Connected>) => void) => {
  for (const [server, url] of servers) {
    it.layer(connectedTo(url), { excludeTestServices: true })(`${server}, ${what}`, tests)
  }
}

/** Credentials of a call make the client take the classic append; without TLS they are not sent. */
export const paths = [
  { path: "batch", options: {} },
  { path: "classic", options: { credentials: { username: "any", password: "any" } } }
] as const

type Event = JSONEventType<string, { readonly n: number }>

export const newEvent = (n = 0) => jsonEvent<Event>({ id: crypto.randomUUID(), type: `type-${n}`, data: { n } })

export const newEvents = (count: number) => Array.from({ length: count }, (_, n) => newEvent(n))

export const freshStream = (category = "stream") => `${category}-${crypto.randomUUID()}`

/** What the client rejects with, whatever it is. */
export const rejection = (promise: Promise<unknown>) =>
  Effect.promise(() =>
    promise.then(
      (value) => {
        throw new Error(`not rejected: ${value}`)
      },
      (error) => error as Record<string, unknown>
    )
  )

export type Recorded = AllStreamRecordedEvent

export const all = async (reading: AsyncIterable<{ readonly event?: unknown }>): Promise<ReadonlyArray<Recorded>> => {
  const events: Array<Recorded> = []
  for await (const { event } of reading) events.push(event as Recorded)
  return events
}

/** The stream's events, in their order. Rejects when it does not exist. */
export const read = (client: EventStoreDBClient, stream: string) => all(client.readStream(stream))

export const eventsIn = (client: EventStoreDBClient, stream: string) => Effect.promise(() => read(client, stream))
