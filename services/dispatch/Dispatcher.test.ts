import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Queue, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Leases, LeasesUnavailable } from "#domain/ports/Leases.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import { deviceCreated, uuid } from "../testing/ViewsFixture.ts"
import { AgentCommands } from "../transports/agent-link/Commands.ts"
import { Views } from "../views/View.ts"
import * as Dispatcher from "./Dispatcher.ts"

const ports = InProcessLeases.layer.pipe(
  Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" })),
  Layer.merge(NodeCrypto.layer)
)

const heard = (warnings: Array<unknown>) =>
  Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (logLevel === "Warn") warnings.push(message)
    })
  ])

/** A log that others write. */
const logOf = (subscribe: EventStore["Service"]["subscribe"]) =>
  Layer.succeed(EventStore, {
    append: () => Effect.die("not here"),
    read: () => Effect.die("not here"),
    head: Effect.succeed(undefined),
    subscribe
  })
const written = (events: ReadonlyArray<RecordedEvent>) =>
  logOf(({ after }) =>
    Stream.concat(
      Stream.rechunk(Stream.fromIterable(events.filter(({ position }) => position > (after ?? -1n))), 100),
      Stream.never
    )
  )
const identityOf = (agent: (name: string) => object | undefined, changes: Stream.Stream<void> = Stream.never) =>
  Layer.succeed(StoreIdentity, { agent, changes } as never)

/** The dispatcher, with what a test says of its surroundings. */
const dispatching = <E = never, R = never>(
  log: Layer.Layer<EventStore>,
  issue: AgentCommands["Service"]["issue"],
  more: Layer.Layer<never, E, R> | Layer.Layer<Leases, E, R> = Layer.empty,
  identity = identityOf(() => ({}))
) => {
  const known = { isUnanswered: () => true, oldest: () => undefined }
  const stubs = Layer.mergeAll(
    log,
    Layer.succeed(Views, {
      reached: () => Effect.void,
      counted: () => Effect.void,
      written: () => Effect.void,
      position: Effect.succeed(undefined)
    }),
    Layer.succeed(SubjectKeys, {} as never),
    Layer.succeed(MessageActors, {} as never),
    Layer.succeed(AgentCommands, { issue }),
    identity,
    more
  )
  return Layer.build(Dispatcher.layer({ registry: new Map(), known }).pipe(Layer.provide(stubs)))
}
const issued = () => Effect.void

it.effect("moves its checkpoint only from where it was, and begins anew where the database says", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const begun: Array<bigint | undefined> = []
    const warnings: Array<unknown> = []
    const log = yield* Queue.unbounded<RecordedEvent>()
    const subscribed = logOf(({ after }) => {
      begun.push(after)
      return Stream.fromQueue(log)
    })
    yield* dispatching(subscribed, issued, heard(warnings))
    const place = sql`SELECT position FROM dispatcher`
    for (const position of [5n, 7n]) {
      yield* Queue.offer(log, deviceCreated(uuid(Number(position)), position))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* place, [{ position: String(position) }])
    }
    yield* sql`UPDATE dispatcher SET position = '5'`
    yield* Queue.offer(log, deviceCreated(uuid(9), 9n))
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* place, [{ position: "5" }])
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(begun, [undefined, 5n])
    assert.lengthOf(warnings, 1)
    assert.match(JSON.stringify(warnings), /the database has forgotten/)
  }).pipe(Effect.provide(ports))
)

it.effect("says once that its checkpoint cannot be written, and again after it could be", () =>
  Effect.gen(function* () {
    const warnings: Array<unknown> = []
    const log = yield* Queue.unbounded<RecordedEvent>()
    const leases = yield* Leases
    const database = { away: true }
    const reluctant = Layer.succeed(Leases, {
      ...leases,
      fenced: (lease, write) =>
        Effect.suspend(() =>
          database.away ? Effect.fail(new LeasesUnavailable({ cause: "away" })) : leases.fenced(lease, write)
        )
    })
    const subscribed = logOf(() => Stream.fromQueue(log))
    yield* dispatching(subscribed, issued, Layer.merge(reluctant, heard(warnings)))
    for (const position of [1n, 2n]) {
      yield* Queue.offer(log, deviceCreated(uuid(Number(position)), position))
      database.away = true
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(warnings, Number(position))
      database.away = false
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(warnings, Number(position))
    }
  }).pipe(Effect.provide(ports))
)

it.effect("keeps no agent's commands waiting for another that is not enrolled", () =>
  Effect.gen(function* () {
    const told: Array<string> = []
    const created = [deviceCreated(uuid(1), 1n, "not-enrolled"), deviceCreated(uuid(2), 2n, "home")]
    yield* dispatching(written(created), (agent) =>
      agent === "home" ? Effect.sync(() => void told.push(agent)) : Effect.never
    )
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(told, ["home"])
  }).pipe(Effect.provide(ports))
)

it.effect("reads on only as the bus takes custody", () =>
  Effect.gen(function* () {
    const created = Array.from({ length: 5_000 }, (_, i) => deviceCreated(uuid(i), BigInt(i)))
    const custody = yield* Queue.unbounded<void>()
    let count = 0
    yield* dispatching(written(created), (_, orders) =>
      Effect.suspend(() => {
        count += orders.length
        return Queue.take(custody)
      })
    )
    yield* TestClock.adjust("1 second")
    assert.strictEqual(count, 1_000)
    yield* Queue.offer(custody, undefined)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(count, 1_100)
    yield* Queue.offerAll(
      custody,
      created.map(() => undefined)
    )
    for (let i = 0; i < 20 && count < 5_000; i++) yield* TestClock.adjust("1 second")
    assert.strictEqual(count, 5_000)
  }).pipe(Effect.provide(ports))
)

it.effect("passes over what an agent without a key cannot be told, and reads it again when it has one", () =>
  Effect.gen(function* () {
    const created = Array.from({ length: 1_000 }, (_, i) =>
      deviceCreated(uuid(i), BigInt(i), i % 2 === 0 ? "home" : "away")
    )
    const enrolled = new Set(["home"])
    const changes = yield* Queue.unbounded<void>()
    const told = new Map<string, Set<string>>()
    const identity = identityOf((agent) => (enrolled.has(agent) ? {} : undefined), Stream.fromQueue(changes))
    const issue: AgentCommands["Service"]["issue"] = (agent, orders) =>
      Effect.suspend(() => {
        if (!enrolled.has(agent)) return Effect.never
        const to = told.get(agent) ?? new Set()
        for (const { commandId, position } of orders) to.add(`${commandId} ${position}`)
        told.set(agent, to)
        return Effect.void
      })
    yield* dispatching(written(created), issue, Layer.empty, identity)
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(told.get("home")?.size, 500)
    assert.isUndefined(told.get("away"))
    enrolled.add("away")
    yield* Queue.offer(changes, undefined)
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(told.get("away")?.size, 500)
  }).pipe(Effect.provide(ports))
)
