import { Effect, Layer } from "effect"
import { Client, type ClientCommand, type ClientState } from "#domain/access/Client.ts"
import { ApiKeyId, defaultTenant, StreamId, SubjectId } from "#domain/Ids.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import { type Origin, Provenance } from "../runtime/Provenance.ts"

type Store = EventStore["Service"]

export const layer = Layer.mergeAll(
  Sqlite.layer(":memory:"),
  NodeCrypto.layer,
  Layer.succeed(Provenance, {
    tenant: defaultTenant,
    region: "home",
    producer: "test",
    pepper: NodeCrypto.crypto.macKey(new Uint8Array(32))
  })
)
const name = { subject: SubjectId.make("A".repeat(43)), key: "1", iv: "aaaa", box: "bbbb" }
export const create = (): ClientCommand => ({ _tag: "Create", name })
export const key = (i: number) => ApiKeyId.make(`key${i}`)
export const issue = (i: number) => (): ClientCommand => ({
  _tag: "IssueKey",
  issued: { key: key(i), digest: "digest", scopes: [] }
})
export const revoke = (i: number) => (): ClientCommand => ({ _tag: "RevokeKey", key: key(i) })
export const origin: Origin = { actor: { kind: "gateway", id: "test" }, correlationId: "story", causationId: "request" }
export const newStream = () => StreamId.make(`client-${crypto.randomUUID()}`)
export const typesOf = (events: ReadonlyArray<{ readonly type: string }>) => events.map(({ type }) => type)
export const unavailable = (written: "no" | "unknown") => new EventStoreUnavailable({ written, cause: "test" })

/** Actors of clients over a store that is spied on, and parts of which a test may replace. */
export const make = (
  over: Partial<Store> = {},
  isSettled: (state: ClientState) => boolean = () => false,
  idleMillis = 10_000
) =>
  Effect.gen(function* () {
    const store = yield* EventStore
    const reads: Array<string> = []
    const appends: Array<readonly [unknown, ReadonlyArray<NewEvent>]> = []
    const spied: Store = {
      ...store,
      read: (stream) => {
        reads.push(stream)
        return (over.read ?? store.read)(stream)
      },
      append: (stream, expected, events) =>
        Effect.suspend(() => {
          appends.push([expected, events])
          return (over.append ?? store.append)(stream, expected, events)
        })
    }
    const actors = yield* AggregateActors.make({ ...Client, isSettled }, idleMillis).pipe(
      Effect.provideService(EventStore, spied)
    )
    return { actors, reads, appends, store }
  })
