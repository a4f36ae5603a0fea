import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import {
  create,
  issue,
  layer,
  make,
  newStream,
  origin,
  revoke,
  typesOf,
  unavailable
} from "../testing/AggregateActorsFixture.ts"

it.layer(layer)("AggregateActors", (it) => {
  it.effect("decides again, as a new decision, after another process wrote", () =>
    Effect.gen(function* () {
      const here = yield* make()
      const there = yield* make()
      const stream = newStream()
      yield* here.actors.execute(stream, create, origin)
      yield* there.actors.execute(stream, issue(1), origin)
      const decisions: Array<string> = []
      const outcome = yield* here.actors.execute(
        stream,
        ({ eventId }) => {
          decisions.push(eventId(0))
          return issue(2)()
        },
        origin
      )
      assert.deepStrictEqual([outcome.revision, typesOf(outcome.events)], [2, ["client.key_issued.v2"]])
      assert.strictEqual(new Set(decisions).size, 2)
      const offered = here.appends.slice(1).map(([expected, [event]]) => [expected, event!.eventId])
      assert.deepStrictEqual(offered, [
        [0, decisions[0]],
        [1, decisions[1]]
      ])
      assert.strictEqual((yield* here.store.read(stream))[2]!.eventId, decisions[1])
      const again = yield* there.actors.execute(stream, issue(2), origin)
      assert.deepStrictEqual(again.events, [])
    })
  )

  it.effect("decides by what the other process wrote", () =>
    Effect.gen(function* () {
      const here = yield* make()
      const there = yield* make()
      const stream = newStream()
      yield* here.actors.execute(stream, create, origin)
      yield* there.actors.execute(stream, issue(1), origin)
      yield* there.actors.execute(stream, revoke(1), origin)
      assert.deepStrictEqual((yield* here.actors.execute(stream, revoke(1), origin)).events, [])
      yield* there.actors.execute(stream, issue(2), origin)
      assert.strictEqual((yield* here.actors.execute(stream, revoke(2), origin)).revision, 4)
      const twin = newStream()
      yield* there.actors.execute(twin, create, origin)
      assert.strictEqual((yield* Effect.flip(here.actors.execute(twin, create, origin)))._tag, "ClientRejected")
    })
  )

  it.effect("loses none of many writes of several processes", () =>
    Effect.gen(function* () {
      const stream = newStream()
      const processes = [yield* make(), yield* make(), yield* make()]
      yield* processes[0]!.actors.execute(stream, create, origin)
      yield* Effect.forEach(
        Array.from({ length: 30 }, (_, i) => i),
        (i) => processes[i % 3]!.actors.execute(stream, issue(i), origin),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* processes[0]!.store.read(stream)).length, 31)
    })
  )

  it.effect("offers the very same events at the same revision while it is unknown whether they are stored", () =>
    Effect.gen(function* () {
      const { append } = yield* EventStore
      let answers = 0
      const { actors, appends, store } = yield* make({
        append: (...args) =>
          Effect.flatMap(append(...args), (appended) =>
            ++answers === 1 ? Effect.fail(unavailable("unknown")) : Effect.succeed(appended)
          )
      })
      const stream = newStream()
      const report = EventId.make(crypto.randomUUID())
      const running = yield* Effect.forkChild(actors.execute(stream, create, origin, { eventId: report }), {
        startImmediately: true
      })
      yield* Effect.repeat(TestClock.adjust("50 millis"), { until: () => running.pollUnsafe() !== undefined })
      const outcome = yield* Fiber.join(running)
      assert.strictEqual(appends.length, 2)
      assert.deepStrictEqual(appends[1], appends[0])
      const stored = yield* store.read(stream)
      assert.deepStrictEqual([stored.length, stored[0]!.eventId, outcome.revision], [1, report, 0])
      assert.strictEqual(outcome.position, stored[0]!.position)
      assert.deepStrictEqual(typesOf((yield* actors.execute(stream, issue(1), origin)).events), [
        "client.key_issued.v2"
      ])
    })
  )

  it.effect("does not offer again what certainly was not stored, and says so", () =>
    Effect.gen(function* () {
      const { actors, appends } = yield* make({ append: () => Effect.fail(unavailable("no")) })
      const error = yield* Effect.flip(actors.execute(newStream(), create, origin))
      assert.deepStrictEqual([error._tag === "EventStoreUnavailable" && error.written, appends.length], ["no", 1])
    })
  )

  it.effect("gives up on a silent store, and looks at the stream before it decides again", () =>
    Effect.gen(function* () {
      const { append } = yield* EventStore
      let silent = true
      const { actors, appends, reads } = yield* make({
        append: (...args) =>
          Effect.flatMap(append(...args), (appended) =>
            silent ? Effect.fail(unavailable("unknown")) : Effect.succeed(appended)
          )
      })
      const stream = newStream()
      const running = yield* Effect.forkChild(Effect.flip(actors.execute(stream, create, origin)), {
        startImmediately: true
      })
      yield* Effect.repeat(TestClock.adjust("1 second"), { until: () => running.pollUnsafe() !== undefined })
      const error = yield* Fiber.join(running)
      assert.strictEqual(error._tag === "EventStoreUnavailable" && error.written, "unknown")
      assert.strictEqual(new Set(appends.map(([, [event]]) => event!.eventId)).size, 1)
      silent = false
      assert.strictEqual((yield* Effect.flip(actors.execute(stream, create, origin)))._tag, "ClientRejected")
      assert.strictEqual(reads.length, 2)
    })
  )

  it.effect("carries a command out though its caller has gone, also from the mailbox", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { append } = yield* EventStore
      const { actors, store } = yield* make({
        append: (...args) => Effect.andThen(Deferred.await(gate), append(...args))
      })
      const stream = newStream()
      const callers = [create, issue(1), issue(2)].map((command) => actors.execute(stream, command, origin))
      const running = yield* Effect.forEach(callers, (caller) => Effect.forkChild(caller, { startImmediately: true }))
      const leaving = yield* Effect.forEach(running, (caller) =>
        Effect.forkChild(Fiber.interrupt(caller), { startImmediately: true })
      )
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(leaving, Fiber.join)
      assert.strictEqual((yield* store.read(stream)).length, 3)
    })
  )
})
