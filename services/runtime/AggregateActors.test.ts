import { assert, it } from "@effect/vitest"
import { Array, Deferred, Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import type { ClientState } from "#domain/access/Client.ts"
import { eventIdOf } from "#domain/Identifiers.ts"
import { defaultTenant, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import {
  create,
  issue,
  key,
  layer,
  make,
  newStream,
  origin,
  revoke,
  typesOf,
  unavailable
} from "../testing/AggregateActorsFixture.ts"
import type * as AggregateActors from "./AggregateActors.ts"

it.layer(layer)("AggregateActors", (it) => {
  it.effect("takes one command at a time, and loads once for all of them", () =>
    Effect.gen(function* () {
      const { actors, reads, store } = yield* make()
      const stream = newStream()
      const outcomes = yield* Effect.forEach(
        Array.range(0, 49),
        (i) => Effect.result(actors.execute(stream, i === 0 ? create : issue(i % 7), origin)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(outcomes.every(Result.isSuccess))
      assert.deepStrictEqual(reads, [stream]) // a conflict would have made the actor load again
      const stored = yield* store.read(stream)
      assert.deepStrictEqual(typesOf(stored), ["client.created.v1", ...Array.makeBy(7, () => "client.key_issued.v2")])
      const told = outcomes.flatMap((_) => (Result.isSuccess(_) ? _.success.events : []))
      assert.deepStrictEqual(
        told.map(({ eventId }) => eventId),
        stored.map(({ eventId }) => eventId)
      )
      assert.deepStrictEqual(
        outcomes.slice(0, 3).map((_) => Result.isSuccess(_) && [_.success.revision, _.success.position]),
        stored.slice(0, 3).map(({ position, revision }) => [revision, position])
      )
    })
  )

  it.effect("runs the actors of different streams side by side", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { append } = yield* EventStore
      const slow = newStream()
      const { actors } = yield* make({
        append: (...args) =>
          args[0] === slow ? Effect.andThen(Deferred.await(gate), append(...args)) : append(...args)
      })
      const waiting = yield* Effect.forkChild(actors.execute(slow, create, origin), { startImmediately: true })
      assert.strictEqual((yield* actors.execute(newStream(), create, origin)).revision, 0)
      assert.isUndefined(waiting.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(waiting)).revision, 0)
    })
  )

  it.effect("writes every event with what led to it", () =>
    Effect.gen(function* () {
      const now = Date.parse("2030-01-02T03:04:05.678Z")
      yield* TestClock.setTime(now)
      const { actors, store } = yield* make()
      const stream = newStream()
      let seen: AggregateActors.Decision | undefined
      yield* actors.execute(
        stream,
        (decision) => {
          seen = decision
          return create()
        },
        origin
      )
      const [event] = yield* store.read(stream)
      assert.deepStrictEqual(event!.metadata, {
        v: 1,
        tenant: defaultTenant,
        ...origin,
        commandId: event!.metadata.commandId,
        occurredAt: fromMillis(now),
        region: "home",
        producer: "test"
      })
      assert.deepStrictEqual([event!.eventId, seen!.at], [seen!.eventId(0), event!.metadata.occurredAt])
      assert.strictEqual(event!.eventId, eventIdOf(NodeCrypto.crypto, event!.metadata.commandId, 0))
      const named = EventId.make(crypto.randomUUID())
      yield* actors.execute(stream, issue(1), origin, { eventId: named })
      assert.strictEqual((yield* store.read(stream))[1]!.eventId, named)
    })
  )

  it.effect("reads nothing for a stream that is expected to be new, and looks when it is not", () =>
    Effect.gen(function* () {
      const here = yield* make()
      const there = yield* make()
      const [fresh, taken] = [newStream(), newStream()]
      const expectNew = { expectNew: true }
      assert.deepStrictEqual(typesOf((yield* here.actors.execute(fresh, create, origin, expectNew)).events), [
        "client.created.v1"
      ])
      assert.deepStrictEqual(here.reads, [])
      yield* there.actors.execute(taken, create, origin)
      const refused = yield* Effect.flip(here.actors.execute(taken, create, origin, expectNew))
      assert.strictEqual(refused._tag, "ClientRejected")
      assert.deepStrictEqual(here.reads, [taken])
    })
  )

  it.effect("reads nothing for a stream that stands as it is expected to, and looks when it does not", () =>
    Effect.gen(function* () {
      const here = yield* make()
      const there = yield* make()
      const stream = newStream()
      const expected = yield* there.actors.execute(stream, create, origin)
      yield* here.actors.execute(stream, issue(1), origin, { expected })
      assert.deepStrictEqual(here.reads, [])
      const late = yield* make()
      assert.strictEqual((yield* late.actors.execute(stream, issue(2), origin, { expected })).revision, 2)
      assert.deepStrictEqual(late.reads, [stream])
    })
  )

  it.effect("rejects by what is stored, without writing, and stays loaded", () =>
    Effect.gen(function* () {
      const { actors, appends, reads } = yield* make()
      const stream = newStream()
      yield* actors.execute(stream, create, origin)
      assert.strictEqual((yield* Effect.flip(actors.execute(stream, create, origin)))._tag, "ClientRejected")
      const nothing = yield* actors
        .execute(stream, issue(1), origin)
        .pipe(Effect.andThen(actors.execute(stream, issue(1), origin)))
      assert.deepStrictEqual([nothing.events, nothing.revision, nothing.position], [[], 1, undefined])
      assert.deepStrictEqual([appends.length, reads.length], [2, 2]) // the second look was for the rejection
    })
  )

  it.effect("passivates when idle", () =>
    Effect.gen(function* () {
      const { actors, reads } = yield* make({}, undefined, 0)
      const stream = newStream()
      yield* actors.execute(stream, create, origin)
      assert.strictEqual(actors.size(), 1)
      yield* Effect.repeat(TestClock.adjust("1 second"), { until: () => actors.size() === 0 })
      yield* actors.execute(stream, issue(1), origin)
      assert.strictEqual(reads.length, 2)
    })
  )

  it.effect("keeps what is busy or was just used", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { append } = yield* EventStore
      const busy = yield* make(
        { append: (...args) => Effect.andThen(Deferred.await(gate), append(...args)) },
        undefined,
        -60_000
      )
      const stream = newStream()
      const waiting = yield* Effect.forkChild(busy.actors.execute(stream, create, origin), { startImmediately: true })
      const recent = yield* make()
      yield* recent.actors.execute(newStream(), create, origin)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([busy.actors.size(), recent.actors.size()], [1, 1])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(waiting)
    })
  )

  it.effect("lets settled aggregates go at once, unless somebody waits for them", () =>
    Effect.gen(function* () {
      const settled = (state: ClientState) => state._tag === "Client" && state.keys.get(key(1))?.revoked === true
      const gate = yield* Deferred.make<void>()
      const { append } = yield* EventStore
      const { actors, reads } = yield* make(
        {
          append: (stream, expected, events) =>
            Effect.andThen(expected === 2 ? Deferred.await(gate) : Effect.void, append(stream, expected, events))
        },
        settled
      )
      const stream = newStream()
      yield* actors.execute(stream, create, origin)
      yield* actors.execute(stream, issue(1), origin)
      const last = [revoke(1), issue(2)].map((command) => actors.execute(stream, command, origin))
      const [revoking, waiting] = yield* Effect.forEach(last, (one) =>
        Effect.forkChild(one, { startImmediately: true })
      )
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(revoking!)
      assert.strictEqual(actors.size(), 1)
      yield* Fiber.join(waiting!)
      assert.deepStrictEqual([actors.size(), reads.length], [0, 1])
    })
  )

  it.effect("recovers as soon as the store does", () =>
    Effect.gen(function* () {
      const { append, read } = yield* EventStore
      let down: "read" | "append" | undefined = "read"
      const { actors } = yield* make({
        read: (stream) => (down === "read" ? Effect.fail(unavailable("no")) : read(stream)),
        append: (...args) => (down === "append" ? Effect.fail(unavailable("no")) : append(...args))
      })
      const stream = newStream()
      for (const what of ["read", "append"] as const) {
        down = what
        assert.strictEqual((yield* Effect.flip(actors.execute(stream, create, origin)))._tag, "EventStoreUnavailable")
        assert.strictEqual(actors.size(), 0)
      }
      down = undefined
      assert.strictEqual((yield* actors.execute(stream, create, origin)).revision, 0)
    })
  )

  it.effect("never believes what was only offered", () =>
    Effect.gen(function* () {
      const { append } = yield* EventStore
      let down = false
      const { actors } = yield* make({
        append: (...args) => (down ? Effect.fail(unavailable("no")) : append(...args))
      })
      const stream = newStream()
      yield* actors.execute(stream, create, origin)
      down = true
      yield* Effect.flip(actors.execute(stream, issue(1), origin))
      down = false
      const outcome = yield* actors.execute(stream, issue(1), origin)
      assert.deepStrictEqual([typesOf(outcome.events), outcome.revision], [["client.key_issued.v2"], 1])
    })
  )
})
