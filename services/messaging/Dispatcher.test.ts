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
import { Views } from "../projections/View.ts"
import { deviceCreated, uuid } from "../projections/ViewsFixture.ts"
import { AgentCommands } from "./AgentCommands.ts"
import * as Dispatcher from "./Dispatcher.ts"
import { MessageActors } from "./MessageActors.ts"

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

it.effect("moves its checkpoint only from where it was, and begins anew where the database says", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const begun: Array<bigint | undefined> = []
    const warnings: Array<unknown> = []
    const log = yield* Queue.unbounded<RecordedEvent>()
    const stubs = Layer.mergeAll(
      Layer.succeed(EventStore, {
        append: () => Effect.die("not here"),
        read: () => Effect.die("not here"),
        head: Effect.die("not here"),
        subscribe: ({ after }) => {
          begun.push(after)
          return Stream.fromQueue(log)
        }
      }),
      Layer.succeed(Views, { reached: () => Effect.void, written: () => Effect.void, position: Effect.succeed(0n) }),
      Layer.succeed(SubjectKeys, {} as never),
      Layer.succeed(AgentCommands, { issue: () => Effect.void }),
      Layer.succeed(MessageActors, {} as never),
      heard(warnings)
    )
    yield* Layer.build(Dispatcher.layer({ registry: new Map() }).pipe(Layer.provide(stubs)))
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
      Layer.succeed(Views, { reached: () => Effect.void, written: () => Effect.void, position: Effect.succeed(0n) }),
      Layer.succeed(SubjectKeys, {} as never),
      Layer.succeed(MessageActors, {} as never),
      Layer.succeed(AgentCommands, { issue: () => Effect.void }),
      Layer.succeed(MessageActors, {} as never),
      heard(warnings)
    )
    yield* Layer.build(Dispatcher.layer({ registry: new Map() }).pipe(Layer.provide(stubs)))
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
    const issued: Array<string> = []
    const created = [deviceCreated(uuid(1), 1n, "not-enrolled"), deviceCreated(uuid(2), 2n, "home")] as const
    const stubs = Layer.mergeAll(
      Layer.succeed(EventStore, {
        append: () => Effect.die("not here"),
        read: () => Effect.die("not here"),
        head: Effect.die("not here"),
        subscribe: () => Stream.concat(Stream.fromArray(created), Stream.never)
      }),
      Layer.succeed(Views, { reached: () => Effect.void, written: () => Effect.void, position: Effect.succeed(0n) }),
      Layer.succeed(SubjectKeys, {} as never),
      Layer.succeed(AgentCommands, {
        issue: (agent) => (agent === "home" ? Effect.sync(() => void issued.push(agent)) : Effect.never)
      })
    )
    yield* Layer.build(Dispatcher.layer({ registry: new Map() }).pipe(Layer.provide(stubs)))
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(issued, ["home"])
  }).pipe(Effect.provide(ports))
)
