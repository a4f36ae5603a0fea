import { assert } from "@effect/vitest"
import { type AppendExpectedRevision, binaryEvent } from "@eventstore/db-client"
import { Array, Effect } from "effect"
import {
  alike,
  all,
  Connected,
  eventsIn,
  freshStream,
  newEvent,
  newEvents,
  paths,
  read,
  rejection
} from "./testing/TestClients.ts"

const bytes = (data: number, metadata = 0) =>
  binaryEvent({ type: "bytes", data: new Uint8Array(data), metadata: new Uint8Array(metadata) })

alike("writes", (it) => {
  for (const { options, path } of paths) {
    it.effect(`${path}: answers where the last event stands, and no one else takes it`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const stream = freshStream()
        const events = newEvents(3)
        const append = (expectedRevision: AppendExpectedRevision, some: typeof events) =>
          client.appendToStream(stream, some, { expectedRevision, ...options })
        const first = yield* Effect.promise(() => append("no_stream", events.slice(0, 2)))
        const second = yield* Effect.promise(() => append(1n, events.slice(2)))
        const stored = yield* eventsIn(client, stream)
        assert.deepStrictEqual(
          stored.map(({ data, id, revision, streamId, type }) => ({ data, id, revision, streamId, type })),
          events.map(({ data, id, type }, i) => ({ data, id, revision: BigInt(i), streamId: stream, type }))
        )
        assert.deepStrictEqual(
          [first, second],
          [1, 2].map((i) => ({ success: true, nextExpectedRevision: BigInt(i), position: stored[i]!.position }))
        )
        for (const expected of ["no_stream", 0n, 1n, 3n] as const) {
          const error = yield* rejection(append(expected, [newEvent()]))
          assert.deepInclude(error, { type: "wrong-expected-version", streamName: stream, actualVersion: 2n })
          assert.strictEqual(error.expectedVersion, expected)
        }
        const missing = yield* rejection(
          client.appendToStream(freshStream(), newEvent(), { expectedRevision: "stream_exists", ...options })
        )
        assert.deepInclude(missing, { expectedVersion: "stream_exists", actualVersion: "no_stream" })
      })
    )

    it.effect(`${path}: stores an id twice in one append, and in two streams`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const [one, two] = [freshStream(), freshStream()]
        const event = newEvent()
        yield* Effect.promise(() => client.appendToStream(one, [event, event], options))
        yield* Effect.promise(() => client.appendToStream(two, event, options))
        yield* Effect.promise(() => client.appendToStream(two, event, options)) // known from elsewhere: not recognised
        assert.strictEqual((yield* eventsIn(client, one)).length, 2)
        assert.strictEqual((yield* eventsIn(client, two)).length, 2)
      })
    )

    it.effect(`${path}: stores nothing of an empty append`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const stream = freshStream()
        const answer = yield* Effect.promise(() => client.appendToStream(stream, [], options))
        assert.deepInclude(answer, { success: true, nextExpectedRevision: 0n })
        const error = yield* rejection(read(client, stream))
        assert.deepInclude(error, { type: "stream-not-found", streamName: stream })
      })
    )

    it.effect(`${path}: takes 1,048,576 bytes of data in one append, whatever the metadata, and not one more`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const append = (...events: ReadonlyArray<ReturnType<typeof bytes>>) =>
          client.appendToStream(freshStream(), [...events], options)
        yield* Effect.promise(() => append(bytes(1_048_576)))
        yield* Effect.promise(() => append(bytes(600_000, 600_000), bytes(448_576)))
        for (const events of [[bytes(1_048_577)], [bytes(600_000), bytes(448_577)]]) {
          const error = yield* rejection(append(...events))
          assert.deepInclude(error, { type: "maximum-append-size-exceeded", maxAppendSize: 1_048_576 })
        }
        const error = yield* rejection(append(bytes(20 * 1024 * 1024)))
        assert.deepInclude(error, { type: "unknown", code: 8 })
        yield* Effect.promise(() => append(bytes(1)))
      })
    )

    it.effect(`${path}: lets one of many concurrent writers win each revision, and tells the others the truth`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const stream = freshStream()
        for (const round of Array.range(0, 9)) {
          const expectedRevision = round === 0 ? ("no_stream" as const) : BigInt(round - 1)
          const settled = yield* Effect.promise(() =>
            Promise.allSettled(
              newEvents(8).map((event) => client.appendToStream(stream, event, { expectedRevision, ...options }))
            )
          )
          const lost = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []))
          assert.deepStrictEqual(
            lost.map(({ actualVersion, type }) => [type, actualVersion]),
            Array.makeBy(7, () => ["wrong-expected-version", BigInt(round)])
          )
        }
        assert.strictEqual((yield* eventsIn(client, stream)).length, 10)
      })
    )

    it.effect(`${path}: stores concurrent repetitions once; those that it drops may be tried again`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const stream = freshStream()
        const event = newEvent()
        const append = () => client.appendToStream(stream, event, { expectedRevision: "no_stream", ...options })
        const settled = yield* Effect.promise(() => Promise.allSettled(Array.makeBy(10, append)))
        const again = yield* Effect.promise(append)
        for (const one of settled) {
          if (one.status === "fulfilled") assert.deepStrictEqual(one.value, again)
          else assert.strictEqual(one.reason.type, path === "batch" ? "deadline-exceeded" : "timeout")
        }
        assert.strictEqual((yield* eventsIn(client, stream)).length, 1)
      })
    )
  }

  it.effect("classic: refuses ids that are no UUIDs, empty types and empty names", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const refused = [
        [freshStream(), { ...newEvent(), id: "none" }],
        [freshStream(), { ...newEvent(), type: "" }],
        ["", newEvent()]
      ] as const
      for (const [stream, event] of refused) {
        const error = yield* rejection(client.appendToStream(stream, event, paths[1].options))
        assert.deepInclude(error, { type: "unknown", code: 2 })
      }
      const error = yield* rejection(client.appendToStream("", newEvent()))
      assert.deepInclude(error, { type: "unknown", message: "Could not recognize BadRequest" })
    })
  )

  it.effect("hides a deleted stream, and continues its revisions", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      const missing = yield* rejection(client.deleteStream(stream))
      assert.deepInclude(missing, { type: "wrong-expected-version", code: 9, expectedVersion: -2n, actualVersion: -1n })
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(3)))
      const wrong = yield* rejection(client.deleteStream(stream, { expectedRevision: 1n }))
      assert.deepInclude(wrong, { type: "wrong-expected-version", expectedVersion: 1n, actualVersion: 2n })

      const { position } = yield* Effect.promise(() => client.deleteStream(stream, { expectedRevision: 2n }))
      assert.strictEqual((yield* rejection(read(client, stream))).type, "stream-not-found")
      for (const { options } of paths) {
        const expected = { expectedRevision: "stream_exists", ...options } as const
        const error = yield* rejection(client.appendToStream(stream, newEvent(), expected))
        assert.deepInclude(error, { type: "stream-deleted", streamName: stream })
      }
      const { nextExpectedRevision } = yield* Effect.promise(() =>
        client.appendToStream(stream, newEvents(2), { expectedRevision: "no_stream" })
      )
      assert.strictEqual(nextExpectedRevision, 4n)
      const visible = yield* eventsIn(client, stream)
      assert.deepStrictEqual(
        visible.map(({ revision }) => revision),
        [3n, 4n]
      )
      const log = yield* Effect.promise(() => all(client.readAll({ fromPosition: position! })))
      const own = log.filter(({ streamId }) => streamId.endsWith(stream))
      assert.deepStrictEqual(
        own.map(({ revision, type }) => `${type}@${revision}`),
        ["$metadata@0", "type-0@3", "type-1@4", "$metadata@1"]
      )
    })
  )

  it.effect("ends a stream for ever with a tombstone", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
      yield* Effect.promise(() => client.tombstoneStream(stream))
      const attempts = [
        ...paths.map(
          ({ options }) =>
            () =>
              client.appendToStream(stream, newEvent(), options)
        ),
        () => client.tombstoneStream(stream),
        () => read(client, stream)
      ]
      for (const attempt of attempts) {
        assert.deepInclude(yield* rejection(attempt()), { type: "stream-deleted", streamName: stream })
      }
    })
  )

  it.effect("shows of a stream what its metadata lets be seen", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(4)))
      for (const [metadata, revisions] of [
        [{ maxCount: 2 }, [2n, 3n]],
        [{ truncateBefore: 1 }, [1n, 2n, 3n]],
        [{ truncateBefore: 9 }, []],
        [{ maxAge: 3_600 }, [0n, 1n, 2n, 3n]]
      ] as const) {
        yield* Effect.promise(() => client.setStreamMetadata(stream, metadata))
        const seen = yield* eventsIn(client, stream)
        assert.deepStrictEqual(
          seen.map(({ revision }) => revision),
          [...revisions]
        )
      }
    })
  )
})
