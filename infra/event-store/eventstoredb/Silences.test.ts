import { assert, it } from "@effect/vitest"
import { Array, Context, Effect, Exit, Fiber, Layer, Redacted, Schedule, Stream } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { eventually, until } from "#domain/testing/Eventually.ts"
import { a, b, freshCategory, freshStream, many, streamOf } from "../contract/Fixtures.ts"
import { eventStoreDouble } from "../double/testing/DoubleFixture.ts"
import * as EventStoreDb from "./EventStoreDb.ts"
import { impatient, onOneServer, quiet } from "./testing/ImpatientFixture.ts"

const again = Schedule.spaced("20 millis")

onOneServer("a connection to EventStoreDB that is accepted and never spoken on is given up", (test) => {
  test("by appends", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a])
      yield* server.fault({ fault: "mute", times: 1 })
      yield* Effect.retry(store.append(stream, 0, [b]), again)
      assert.strictEqual((yield* store.read(stream)).length, 2)
    }))

  test("by reads", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a])
      yield* server.fault({ fault: "mute", times: 1 })
      const events = yield* Effect.retry(store.read(stream), again)
      assert.strictEqual(events.length, 1)
    }))

  test("by subscriptions, while nobody asks anything else", (server, store) =>
    Effect.gen(function* () {
      const category = freshCategory()
      const stream = streamOf(category)
      const hears = yield* store
        .subscribe({ categories: [category], after: undefined })
        .pipe(Stream.take(6), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      yield* store.append(stream, "no_stream", many(3))
      yield* server.fault({ fault: "mute", times: 1 })
      yield* eventually(server.faults, ({ length }) => length === 0) // the subscription's connection is the mute one
      const services = yield* Layer.build(Layer.fresh(EventStoreDb.layer({ url: Redacted.make(server.url) })))
      yield* Context.get(services, EventStore).append(stream, 2, many(3))
      assert.strictEqual((yield* Fiber.join(hears)).length, 6)
    }))

  test("and what was being read over it has not come to its end", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a])
      yield* server.fault({ fault: "silence", method: "read", times: 6 })
      const early = yield* Effect.forEach(Array.range(1, 3), () =>
        Effect.forkChild(Effect.exit(store.read(stream)), { startImmediately: true })
      )
      yield* Effect.sleep("300 millis")
      const late = yield* Effect.forEach(Array.range(1, 3), () =>
        Effect.forkChild(Effect.exit(store.read(stream)), { startImmediately: true })
      )
      for (const fiber of [...early, ...late]) assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      assert.strictEqual((yield* Effect.retry(store.read(stream), again)).length, 1)
    }))

  test("again and again, and leaves none behind", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a])
      yield* server.fault({ fault: "mute", times: 3 })
      yield* Effect.retry(store.read(stream), again)
      const open = () => process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length
      yield* until(() => open() <= 2) // this one, and the one that steers the server
    }))
})

it.live("an EventStoreDB whose first connection is never spoken on is found at the start", () =>
  Effect.gen(function* () {
    const server = yield* eventStoreDouble
    yield* server.fault({ fault: "mute", times: 1 })
    const services = yield* Layer.build(EventStoreDb.layer({ url: Redacted.make(server.url), patience: impatient }))
    assert.isUndefined(yield* Effect.flatMap(EventStore, ({ head }) => head).pipe(Effect.provideContext(services)))
  }).pipe(Effect.scoped, Effect.provide(quiet))
)

onOneServer("an EventStoreDB that many ask at once", (test) => {
  test("is asked for its head once for all of them, after each of them asked", (server, store) =>
    Effect.gen(function* () {
      yield* store.append(freshStream(), "no_stream", [a])
      yield* server.fault({ fault: "stall", method: "read" })
      const asking = yield* Effect.forEach(Array.range(1, 16), () => Effect.forkChild(store.head), {})
      yield* Effect.sleep("100 millis")
      const { position } = yield* store.append(freshStream(), "no_stream", [b])
      const late = yield* Effect.forkChild(store.head, { startImmediately: true })
      yield* server.heal
      yield* Effect.forEach(asking, Fiber.join)
      assert.isAtLeast(Number(yield* Fiber.join(late)), Number(position))
    }))
})
