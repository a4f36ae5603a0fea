import { assert } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import type { StreamId } from "#domain/Ids.ts"
import type { EventStore } from "#domain/ports/EventStore.ts"
import { a, b, c, freshStream, newEvent } from "../contract/Fixtures.ts"
import type { Fault } from "../double/Faults.ts"
import { onOneServer } from "./testing/ImpatientFixture.ts"

type Store = EventStore["Service"]

/** One append under one fault: what it says, and how it ends. */
const appended = (store: Store, stream: StreamId) => Effect.exit(store.append(stream, "no_stream", [a, b]))

const isStoredOnce = Effect.fnUntraced(function* (store: Store, stream: StreamId) {
  assert.deepStrictEqual(
    (yield* store.read(stream)).map(({ eventId }) => eventId),
    [a.eventId, b.eventId]
  )
})

/** The same again is answered as the first time would have been. */
const isAnsweredNow = Effect.fnUntraced(function* (store: Store, stream: StreamId) {
  const { position, revision } = yield* store.append(stream, "no_stream", [a, b])
  assert.strictEqual(revision, 1)
  yield* isStoredOnce(store, stream)
  assert.strictEqual((yield* store.read(stream))[1]!.position, position)
})

const isUnavailable = (exit: Exit.Exit<unknown, unknown>, written: "no" | "unknown") => {
  assert.isTrue(Exit.isFailure(exit))
  const error = Exit.isFailure(exit) && Cause.squash(exit.cause)
  assert.deepInclude(error as object, { _tag: "EventStoreUnavailable", written })
}

onOneServer("an append to EventStoreDB", (test) => {
  const once: ReadonlyArray<Fault> = [
    { fault: "silence", method: "append", times: 1 },
    { fault: "refuse", method: "append", times: 1 },
    { fault: "lose-answer", how: "drop", times: 1 },
    { fault: "lose-answer", how: "withhold", times: 1 }
  ]
  for (const fault of once) {
    const name = "how" in fault ? `${fault.fault} (${fault.how})` : fault.fault
    test(`is answered and stored once after one ${name}`, (server, store) =>
      Effect.gen(function* () {
        yield* server.fault(fault)
        yield* isAnsweredNow(store, freshStream())
      }))
  }

  const always: ReadonlyArray<Fault> = [
    { fault: "silence", method: "append" },
    { fault: "refuse", method: "append" },
    { fault: "lose-answer", how: "drop" },
    { fault: "lose-answer", how: "withhold" }
  ]
  for (const fault of always) {
    const name = "how" in fault ? `${fault.fault} (${fault.how})` : fault.fault
    test(`is of unknown outcome under lasting ${name}; the same again settles it`, (server, store) =>
      Effect.gen(function* () {
        const stream = freshStream()
        yield* server.fault(fault)
        isUnavailable(yield* appended(store, stream), "unknown")
        yield* server.heal
        yield* isAnsweredNow(store, stream)
      }))
  }

  test("is refused after a lost answer only when another writer came first", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* server.fault({ fault: "silence", method: "append", times: 1 })
      const append = yield* Effect.forkChild(appended(store, stream), { startImmediately: true })
      yield* Effect.retry(store.append(stream, "no_stream", [c]), { times: 5 })
      const exit = yield* Fiber.join(append)
      assert.isTrue(Exit.isFailure(exit))
      assert.deepInclude((Exit.isFailure(exit) && Cause.squash(exit.cause)) as object, {
        _tag: "WrongExpectedRevision",
        expected: "no_stream"
      })
      assert.strictEqual((yield* store.read(stream)).length, 1)
    }))

  for (const at of ["before-commit", "after-commit"] as const) {
    test(`is settled after a server that died ${at.replace("-", " the ")} came back`, (server, store) =>
      Effect.gen(function* () {
        const stream = freshStream()
        yield* server.fault({ fault: "kill", at, afterAppends: 0 })
        isUnavailable(yield* appended(store, stream), "unknown")
        yield* server.dead
        yield* server.restart
        if (at === "after-commit") yield* isStoredOnce(store, stream)
        yield* isAnsweredNow(store, stream)
      }))
  }

  test("is certainly not stored when there is nobody to send it to", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* server.kill
      yield* Effect.exit(store.head) // by now the broken connection is noticed
      isUnavailable(yield* appended(store, stream), "no")
      yield* server.restart
      assert.deepStrictEqual(yield* store.read(stream), [])
      yield* isAnsweredNow(store, stream)
    }))

  test("to a frozen server fails in time; what it did after the thaw is found", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* server.freeze
      isUnavailable(yield* appended(store, stream), "unknown")
      yield* server.thaw
      yield* isAnsweredNow(store, stream)
    }))

  test("that is too large or malformed is a defect, and never sent", (_, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      const wrong = [
        newEvent("a.v1", { text: "x".repeat(1_048_576) }),
        { ...a, type: "" },
        { ...a, eventId: "not a uuid" as typeof a.eventId }
      ]
      for (const event of wrong) {
        const exit = yield* Effect.exit(store.append(stream, "no_stream", [event]))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      }
      assert.deepStrictEqual(yield* store.read(stream), [])
    }))
})

onOneServer("a read from EventStoreDB", (test) => {
  const faults: ReadonlyArray<Fault> = [
    { fault: "silence", method: "read" },
    { fault: "refuse", method: "read" }
  ]
  for (const fault of faults) {
    test(`fails in time under ${fault.fault}, and works again after it`, (server, store) =>
      Effect.gen(function* () {
        const stream = freshStream()
        const { position } = yield* store.append(stream, "no_stream", [a, b])
        yield* server.fault(fault)
        isUnavailable(yield* Effect.exit(store.read(stream)), "no")
        isUnavailable(yield* Effect.exit(store.head), "no")
        yield* server.heal
        yield* isStoredOnce(store, stream)
        assert.strictEqual(yield* store.head, position)
      }))
  }

  test("of a frozen server fails in time, however often, and works after the thaw", (server, store) =>
    Effect.gen(function* () {
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a, b])
      yield* server.freeze
      for (const _ of [1, 2]) isUnavailable(yield* Effect.exit(store.read(stream)), "no")
      yield* server.thaw
      yield* isStoredOnce(store, stream)
    }))
})
