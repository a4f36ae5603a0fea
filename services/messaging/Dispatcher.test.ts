import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Leases, LeasesUnavailable } from "#domain/ports/Leases.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import { Views } from "../projections/View.ts"
import { deviceCreated, uuid } from "../projections/ViewsFixture.ts"
import { AgentCommands } from "./AgentCommands.ts"
import * as Dispatcher from "./Dispatcher.ts"

const ports = InProcessLeases.layer.pipe(
  Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" })),
  Layer.merge(NodeCrypto.layer)
)

it.effect("says once that its checkpoint cannot be written, and again after it could be", () =>
  Effect.gen(function* () {
    const warnings: Array<unknown> = []
    const log = yield* Queue.unbounded<RecordedEvent>()
    const leases = yield* Leases
    const database = { away: true }
    const stubs = Layer.mergeAll(
      Layer.succeed(Leases, {
        ...leases,
        fenced: (lease, write) =>
          Effect.suspend(() =>
            database.away ? Effect.fail(new LeasesUnavailable({ cause: "away" })) : leases.fenced(lease, write)
          )
      }),
      Layer.succeed(EventStore, {
        append: () => Effect.die("not here"),
        read: () => Effect.die("not here"),
        head: Effect.succeed(undefined),
        subscribe: () => Stream.fromQueue(log)
      }),
      Layer.succeed(Views, {
        reached: () => Effect.void,
        counted: () => Effect.void,
        written: () => Effect.void,
        position: Effect.succeed(0n)
      }),
      Layer.succeed(SubjectKeys, {} as never),
      Layer.succeed(AgentCommands, { issue: () => Effect.void }),
      Layer.succeed(StoreIdentity, { agent: () => ({}), changes: Stream.never } as never),
      Logger.layer([
        Logger.make(({ logLevel, message }) => {
          if (logLevel === "Warn") warnings.push(message)
        })
      ])
    )
    yield* Layer.build(
      Dispatcher.layer({ registry: new Map(), known: { isUnanswered: () => true, oldest: () => undefined } }).pipe(
        Layer.provide(stubs)
      )
    )
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

it.effect("reads on only as the bus takes custody", () =>
  Effect.gen(function* () {
    const created = Array.from({ length: 5_000 }, (_, i) => deviceCreated(uuid(i), BigInt(i)))
    const custody = yield* Queue.unbounded<void>()
    let issued = 0
    const stubs = Layer.mergeAll(
      Layer.succeed(EventStore, {
        append: () => Effect.die("not here"),
        read: () => Effect.die("not here"),
        head: Effect.succeed(undefined),
        subscribe: () => Stream.concat(Stream.rechunk(Stream.fromIterable(created), 100), Stream.never)
      }),
      Layer.succeed(Views, {
        reached: () => Effect.void,
        counted: () => Effect.void,
        written: () => Effect.void,
        position: Effect.succeed(undefined)
      }),
      Layer.succeed(SubjectKeys, {} as never),
      Layer.succeed(StoreIdentity, { agent: () => ({}), changes: Stream.never } as never),
      Layer.succeed(AgentCommands, {
        issue: (_, orders) =>
          Effect.suspend(() => {
            issued += orders.length
            return Queue.take(custody)
          })
      })
    )
    const known = { isUnanswered: () => true, oldest: () => undefined }
    yield* Layer.build(Dispatcher.layer({ registry: new Map(), known }).pipe(Layer.provide(stubs)))
    yield* TestClock.adjust("1 second")
    assert.strictEqual(issued, 1_000)
    yield* Queue.offer(custody, undefined)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(issued, 1_100)
    yield* Queue.offerAll(
      custody,
      created.map(() => undefined)
    )
    for (let i = 0; i < 20 && issued < 5_000; i++) yield* TestClock.adjust("1 second")
    assert.strictEqual(issued, 5_000)
  }).pipe(Effect.provide(ports))
)

it.effect("passes over what an agent without a key cannot be told, and reads it again when it has one", () =>
  Effect.gen(function* () {
    const created = Array.from({ length: 1_000 }, (_, i) =>
      deviceCreated(uuid(i), BigInt(i), i % 2 === 0 ? "home" : "away")
    )
    const enrolled = new Set(["home"])
    const changes = yield* Queue.unbounded<void>()
    const issued = new Map<string, Set<string>>()
    const stubs = Layer.mergeAll(
      Layer.succeed(EventStore, {
        append: () => Effect.die("not here"),
        read: () => Effect.die("not here"),
        head: Effect.succeed(undefined),
        subscribe: ({ after }) =>
          Stream.concat(
            Stream.rechunk(Stream.fromIterable(created.filter(({ position }) => position > (after ?? -1n))), 100),
            Stream.never
          )
      }),
      Layer.succeed(Views, {
        reached: () => Effect.void,
        counted: () => Effect.void,
        written: () => Effect.void,
        position: Effect.succeed(undefined)
      }),
      Layer.succeed(SubjectKeys, {} as never),
      Layer.succeed(StoreIdentity, {
        agent: (agent: string) => (enrolled.has(agent) ? {} : undefined),
        changes: Stream.fromQueue(changes)
      } as never),
      Layer.succeed(AgentCommands, {
        issue: (agent, orders) =>
          Effect.suspend(() => {
            if (!enrolled.has(agent)) return Effect.never
            const to = issued.get(agent) ?? new Set()
            for (const { commandId, position } of orders) to.add(`${commandId} ${position}`)
            issued.set(agent, to)
            return Effect.void
          })
      })
    )
    const known = { isUnanswered: () => true, oldest: () => undefined }
    yield* Layer.build(Dispatcher.layer({ registry: new Map(), known }).pipe(Layer.provide(stubs)))
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(issued.get("home")?.size, 500)
    assert.isUndefined(issued.get("away"))
    enrolled.add("away")
    yield* Queue.offer(changes, undefined)
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(issued.get("away")?.size, 500)
  }).pipe(Effect.provide(ports))
)
