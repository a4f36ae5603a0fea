import { assert, it } from "@effect/vitest"
import { START } from "@eventstore/db-client"
import { Array, Effect, Fiber, Redacted, Schedule, Stream } from "effect"
import type { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { freshCategory, freshStream, many, streamOf } from "../contract/Fixtures.ts"
import { eventStoreDouble } from "../double/testing/DoubleFixture.ts"
import { appender } from "./Append.ts"
import { decode } from "./ConnectionString.ts"
import * as Line from "./Line.ts"
import { subscriber } from "./Subscriptions.ts"
import { impatient, onOneServer, quiet } from "./testing/ImpatientFixture.ts"

type Store = EventStore["Service"]

/** Follows a category while it is written to; `before` and `after` the trouble. */
const followed = Effect.fnUntraced(function* (store: Store) {
  const category = freshCategory()
  const seen: globalThis.Array<RecordedEvent> = []
  const fiber = yield* store.subscribe({ categories: [category], after: undefined }).pipe(
    Stream.runForEach((event) => Effect.sync(() => seen.push(event))),
    Effect.forkScoped({ startImmediately: true })
  )
  const append = Effect.suspend(() => {
    const stream = streamOf(category)
    const events = many(3)
    return Effect.retry(store.append(stream, "no_stream", events), Schedule.spaced("50 millis"))
  })
  let appended = 0
  return {
    /** In between, what is not ours: the subscription passes it. */
    write: (times: number) =>
      Effect.forEach(
        Array.range(1, times),
        () =>
          Effect.gen(function* () {
            yield* append
            appended += 3
            yield* Effect.retry(store.append(freshStream(), "no_stream", many(1)), Schedule.spaced("50 millis"))
          }),
        { concurrency: 4, discard: true }
      ),
    /** Until everything that was written has been seen; then that nothing was seen twice, or out of order. */
    seesAll: Effect.gen(function* () {
      while (seen.length < appended) yield* Effect.sleep("10 millis")
      assert.strictEqual(new Set(seen.map(({ eventId }) => eventId)).size, appended)
      assert.strictEqual(seen.length, appended)
      assert.isTrue(seen.every(({ position }, i) => i === 0 || seen[i - 1]!.position < position))
      assert.isUndefined(fiber.pollUnsafe())
    })
  }
})

onOneServer("a subscription to EventStoreDB goes on, without gap or repetition,", (test) => {
  test("when it falls silent while everything else works", (server, store) =>
    Effect.gen(function* () {
      const { seesAll, write } = yield* followed(store)
      yield* write(5)
      yield* seesAll
      yield* server.fault({ fault: "silence", method: "subscribe", times: 2 })
      yield* write(5)
      yield* seesAll
    }))

  test("when the server is killed, and comes back", (server, store) =>
    Effect.gen(function* () {
      const { seesAll, write } = yield* followed(store)
      yield* write(5)
      const writing = yield* Effect.forkChild(write(20), { startImmediately: true })
      for (const _ of [1, 2]) {
        yield* server.kill
        yield* Effect.sleep("300 millis")
        yield* server.restart
      }
      yield* Fiber.join(writing)
      yield* write(5)
      yield* seesAll
    }))

  test("when the server freezes, and thaws", (server, store) =>
    Effect.gen(function* () {
      const { seesAll, write } = yield* followed(store)
      yield* write(5)
      const writing = yield* Effect.forkChild(write(10), { startImmediately: true })
      yield* server.freeze
      yield* Effect.sleep("1500 millis")
      yield* server.thaw
      yield* Fiber.join(writing)
      yield* seesAll
    }))

  test("when nothing happens for long", (_, store) =>
    Effect.gen(function* () {
      const { seesAll, write } = yield* followed(store)
      yield* write(2)
      yield* seesAll
      yield* Effect.sleep("1500 millis")
      yield* write(2)
      yield* seesAll
    }))
})

onOneServer(
  "a subscription to EventStoreDB goes on at once,",
  (test) => {
    for (const how of ["clean", "error"] as const) {
      test(`when the server ends it again and again: ${how}`, (server, store) =>
        Effect.gen(function* () {
          const { seesAll, write } = yield* followed(store)
          yield* write(5)
          yield* server.fault({ fault: "end-subscription", how, afterEvents: 7, times: 5 })
          yield* write(20)
          yield* seesAll
        }))
    }
  },
  { ...impatient, silence: 60_000 }
)

it.live("a subscription to EventStoreDB that is opened again does not look again at what was not its own", () =>
  Effect.gen(function* () {
    const { url } = yield* eventStoreDouble
    const line = yield* Line.open(yield* decode(Redacted.make(url)))
    const { client } = line
    const opened: globalThis.Array<unknown> = []
    const { subscribeToAll } = client
    client.subscribeToAll = (options) => {
      opened.push(options?.fromPosition)
      return subscribeToAll.call(client, options)
    }
    yield* subscriber(
      line,
      impatient
    )({ categories: [freshCategory()], after: undefined }).pipe(
      Stream.runDrain,
      Effect.forkScoped({ startImmediately: true })
    )
    const append = appender(line, impatient)
    for (const _ of Array.range(1, 100)) yield* append(freshStream(), "no_stream", many(1))
    while (opened.at(-1) === START) yield* Effect.sleep("10 millis")
    assert.strictEqual(opened[0], START)
  }).pipe(Effect.scoped, Effect.provide(quiet))
)
