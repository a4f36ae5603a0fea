import { assert } from "@effect/vitest"
import { binaryEvent, type EventStoreDBClient, jsonEvent, type ReadStreamOptions } from "@eventstore/db-client"
import { Array, Effect } from "effect"
import { alike, all, Connected, freshStream, newEvent, newEvents, paths, rejection } from "./testing/TestClients.ts"

const revisions = (client: EventStoreDBClient, stream: string, options: ReadStreamOptions = {}) =>
  Effect.promise(async () => (await all(client.readStream(stream, options))).map(({ revision }) => Number(revision)))

alike("reads", (it) => {
  it.effect("says that nothing begins at a place of $all, in words of a plain read", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
      const [first] = yield* Effect.promise(() => all(client.readStream(stream)))
      const commit = first!.position.commit + 1n
      const error = yield* rejection(all(client.readAll({ fromPosition: { commit, prepare: commit } })))
      assert.deepInclude(error, { code: 2 })
      assert.include(String(error.message), "Unexpected ReadAllResult: InvalidPosition")
    })
  )

  it.effect("gives back every field, of JSON and of bytes", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream("a stream/with ünusual")
      const json = jsonEvent({ type: "json", data: { text: "Füße 👣" }, metadata: { of: ["it"] } })
      const binary = binaryEvent({ type: "bytes", data: Uint8Array.of(0, 255, 7), metadata: Uint8Array.of(1, 254) })
      const began = Date.now()
      yield* Effect.promise(() => client.appendToStream(stream, [json, binary]))
      const [first, second] = yield* Effect.promise(() => all(client.readStream(stream)))
      const { created, position, ...rest } = first!
      assert.deepStrictEqual(rest as object, {
        streamId: stream,
        id: json.id,
        revision: 0n,
        type: "json",
        data: { text: "Füße 👣" },
        metadata: { of: ["it"] },
        isJson: true
      })
      assert.isAtLeast(created.getTime(), began - 1_000)
      assert.isAtMost(created.getTime(), Date.now() + 1_000)
      assert.strictEqual(position.commit, position.prepare)
      assert.strictEqual(second!.isJson, false)
      assert.deepStrictEqual(
        [second!.data, second!.metadata].map((bytes) => [...(bytes as Uint8Array)]),
        [
          [0, 255, 7],
          [1, 254]
        ]
      )
    })
  )

  it.effect("reads a stream in both directions, from anywhere, as much as is asked for", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(300)))
      const whole = Array.range(0, 299)
      assert.deepStrictEqual(yield* revisions(client, stream), whole)
      assert.deepStrictEqual(
        yield* revisions(client, stream, { fromRevision: 150n, maxCount: 140 }),
        whole.slice(150, 290)
      )
      assert.deepStrictEqual(yield* revisions(client, stream, { fromRevision: 300n }), [])
      const backwards = { direction: "backwards" } as const
      assert.deepStrictEqual(
        yield* revisions(client, stream, { ...backwards, fromRevision: "end" }),
        whole.toReversed()
      )
      assert.deepStrictEqual(yield* revisions(client, stream, { ...backwards, fromRevision: 2n }), [2, 1, 0])
      assert.deepStrictEqual(
        yield* revisions(client, stream, { ...backwards, fromRevision: 999n, maxCount: 2 }),
        [299, 298]
      )
      assert.deepStrictEqual(yield* revisions(client, stream, backwards), [0])
      for (const options of [{ maxCount: 0 }, { fromRevision: "end" }] as const) {
        assert.deepInclude(yield* rejection(all(client.readStream(stream, options))), { type: "unknown", code: 2 })
      }
    })
  )

  it.effect("says that a stream does not exist", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      const error = yield* rejection(all(client.readStream(stream)))
      assert.deepInclude(error, { type: "stream-not-found", streamName: stream })
    })
  )

  it.effect("orders all that concurrent writers append by position, and answers each with its place", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const category = freshStream()
      const answers = yield* Effect.promise(() =>
        Promise.all(
          Array.makeBy(200, (i) =>
            client.appendToStream(`${category}-${i % 20}`, newEvents(1 + (i % 3)), paths[i % 2]!.options)
          )
        )
      )
      const log = yield* Effect.promise(() => all(client.readAll()))
      const positions = log.map(({ position }) => position.commit)
      assert.isTrue(positions.every((position, i) => i === 0 || positions[i - 1]! < position))
      assert.isTrue(log.some(({ streamId, type }) => streamId === "$$$scavenges" && type === "$metadata"))
      const own = log.filter(({ streamId }) => streamId.startsWith(category))
      assert.strictEqual(own.length, 399)
      for (const [, events] of Map.groupBy(own, ({ streamId }) => streamId)) {
        assert.deepStrictEqual(
          events.map(({ revision }) => Number(revision)),
          Array.range(0, events.length - 1)
        )
      }
      for (const { position } of answers) assert.include(positions, position!.commit)

      const backwards = yield* Effect.promise(() =>
        all(client.readAll({ direction: "backwards", fromPosition: "end", maxCount: 399 }))
      )
      assert.deepStrictEqual(
        backwards.map(({ id }) => id),
        log
          .toReversed()
          .map(({ id }) => id)
          .slice(0, 399)
      )
    })
  )

  it.effect("reads all from a position: itself and later forwards, earlier backwards", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      const events = newEvents(4)
      yield* Effect.promise(() => client.appendToStream(stream, events))
      const stored = yield* Effect.promise(() => all(client.readStream(stream)))
      const fromPosition = stored[2]!.position
      const read = (options: object) =>
        Effect.promise(() => all(client.readAll({ fromPosition, maxCount: 2, ...options })))
      const ids = events.map(({ id }) => id)
      assert.deepStrictEqual(
        (yield* read({})).map(({ id }) => id),
        ids.slice(2)
      )
      assert.deepStrictEqual(
        (yield* read({ direction: "backwards" })).map(({ id }) => id),
        [ids[1]!, ids[0]!]
      )
      assert.deepStrictEqual(yield* read({ fromPosition: "end" }), [])
      const between = { commit: fromPosition.commit + 1n, prepare: fromPosition.prepare + 1n }
      assert.strictEqual((yield* rejection(all(client.readAll({ fromPosition: between })))).type, "unknown")
    })
  )

  it.effect("shows an append to other clients as soon as it is answered", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      for (const _ of Array.range(1, 20)) {
        const event = newEvent()
        yield* Effect.promise(() => client.appendToStream(freshStream(), event))
        const [last] = yield* Effect.promise(() =>
          all(client.readAll({ direction: "backwards", fromPosition: "end", maxCount: 1 }))
        )
        assert.strictEqual(last!.id, event.id)
      }
    })
  )
})
