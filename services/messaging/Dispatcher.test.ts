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
    yield* Layer.build(Dispatcher.layer({ registry: new Map(), isOpen: () => true }).pipe(Layer.provide(stubs)))
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
