import { assert } from "@effect/vitest"
import { jsonEvent } from "@eventstore/db-client"
import { Cause, Effect, Exit, Fiber, Stream } from "effect"
import { categoryOf } from "#domain/Ids.ts"
import { a, b, freshStream } from "../contract/Fixtures.ts"
import { connect } from "../double/testing/TestClients.ts"
import { onOneServer } from "./testing/ImpatientFixture.ts"

const died = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause))

onOneServer("what others write to an EventStoreDB", (test) => {
  test("is never the head when it is the server's own", (server, store) =>
    Effect.gen(function* () {
      const client = yield* connect(server.url)
      const metadata = Effect.promise(() => client.setStreamMetadata("somebody", { maxCount: 7 }))
      yield* metadata
      assert.isUndefined(yield* store.head)
      const { position } = yield* store.append(freshStream(), "no_stream", [a])
      for (const _ of [1, 2, 3]) yield* metadata
      assert.strictEqual(yield* store.head, position)
    }))

  test("is not passed over in a stream of ours", (server, store) =>
    Effect.gen(function* () {
      const client = yield* connect(server.url)
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a])
      const foreign = jsonEvent({ id: crypto.randomUUID(), type: "a.v1", data: {} })
      yield* Effect.promise(() => client.appendToStream(stream, foreign))
      assert.isTrue(yield* died(store.read(stream)))
      const subscribed = store.subscribe({ categories: [categoryOf(stream)], after: undefined })
      assert.isTrue(yield* died(Stream.runDrain(subscribed)))
    }))

  test("is nobody's concern in a stream of theirs", (server, store) =>
    Effect.gen(function* () {
      const client = yield* connect(server.url)
      const stream = freshStream()
      const live = yield* Effect.forkChild(
        Stream.runCollect(Stream.take(store.subscribe({ categories: [categoryOf(stream)], after: undefined }), 4)),
        { startImmediately: true }
      )
      const theirs = Effect.promise(() =>
        client.appendToStream(`theirs-${crypto.randomUUID()}`, jsonEvent({ type: "row", data: {} }))
      )
      for (let revision = -1; revision < 3; revision++) {
        yield* theirs
        yield* store.append(stream, revision < 0 ? "no_stream" : revision, [revision % 2 === 0 ? a : b])
      }
      const heard = yield* Fiber.join(live)
      assert.deepStrictEqual(
        heard.map(({ revision }) => revision),
        [0, 1, 2, 3]
      )
    }))

  test("is missed when it was the end of what we wrote", (server, store) =>
    Effect.gen(function* () {
      const client = yield* connect(server.url)
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [a, b])
      yield* Effect.promise(() => client.setStreamMetadata(stream, { maxCount: 1 }))
      assert.isTrue(yield* died(store.read(stream)))
    }))
})
