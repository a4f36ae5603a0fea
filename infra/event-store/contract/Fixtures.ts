import type { Vitest } from "@effect/vitest"
import { Array, Stream } from "effect"
import { CommandId, categoryOf, defaultTenant, EventId, StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { EventStore } from "#domain/ports/EventStore.ts"
import type { NewEvent, RecordedEvent } from "#domain/Recorded.ts"

/** A part of the contract, told to a test runner that provides the store. */
export type It = Vitest.MethodsNonLive<EventStore>

export const newEvent = (type: string, data: JsonObject = {}): NewEvent => ({
  eventId: EventId.make(crypto.randomUUID()),
  type,
  data,
  metadata: {
    v: 1,
    tenant: defaultTenant,
    actor: { kind: "gateway", id: "contract" },
    commandId: CommandId.make(crypto.randomUUID()),
    correlationId: "correlation",
    causationId: "causation",
    occurredAt: fromMillis(0),
    region: "home",
    producer: "contract"
  }
})
export const [a, b, c, d] = [newEvent("a.v1"), newEvent("b.v1"), newEvent("c.v1"), newEvent("d.v1")]

export const freshCategory = () =>
  crypto.randomUUID().replaceAll(/[^a-f]/g, "") + crypto.randomUUID().replaceAll(/[^a-f]/g, "")
export const streamOf = (category: string) => StreamId.make(`${category}-${crypto.randomUUID()}`)
export const freshStream = () => streamOf(freshCategory())
export const many = (length: number) => Array.makeBy(length, (i) => newEvent(`n${i}.v1`))

export const typesOf = (events: ReadonlyArray<RecordedEvent>) => events.map(({ type }) => type)

export const random = (below: number) => Math.floor(Math.random() * below)

/** The first `count` events of the stream's category after a position. */
export const follow = (store: EventStore["Service"], stream: StreamId, after: bigint | undefined, count: number) =>
  Stream.runCollect(Stream.take(store.subscribe({ categories: [categoryOf(stream)], after }), count))
