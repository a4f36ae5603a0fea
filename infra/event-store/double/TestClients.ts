import { type AllStreamRecordedEvent, EventStoreDBClient, type JSONEventType, jsonEvent } from "@eventstore/db-client"
import { Context, Effect, Layer } from "effect"
import { type Double, eventStoreDouble } from "./Fixture.ts"

/** The client as it comes, and the double it talks to. */
export class Connected extends Context.Service<
  Connected,
  { readonly double: Double; readonly client: EventStoreDBClient }
>()("homing/infra/event-store/double/Connected") {}

export const connect = ({ url }: Double) =>
  Effect.acquireRelease(
    Effect.sync(() => EventStoreDBClient.connectionString(url)),
    (client) => Effect.promise(() => client.dispose())
  )

export const connected = Layer.effect(
  Connected,
  Effect.gen(function* () {
    const double = yield* eventStoreDouble
    return { double, client: yield* connect(double) }
  })
)

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

/** The stream's events, in their order. */
export const eventsIn = (client: EventStoreDBClient, stream: string) =>
  Effect.promise(async () => {
    const events: Array<AllStreamRecordedEvent> = []
    for await (const { event } of client.readStream(stream)) events.push(event as AllStreamRecordedEvent)
    return events
  })
