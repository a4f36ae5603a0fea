import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import canonicalize from "canonicalize"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { base64url } from "#domain/Bytes.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import { a, b, c, follow, freshCategory, freshStream, many, newEvent, streamOf } from "../contract/Fixtures.ts"
import { eventStoreContract } from "../contract.ts"
import * as Sqlite from "./Sqlite.ts"

const temporaryFile = Effect.map(temporaryDirectory, (directory) => join(directory, "log.db"))
const open = (file: string) =>
  Effect.map(Layer.build(Layer.fresh(Sqlite.layer(file))), (context) => Context.get(context, EventStore))

eventStoreContract("SQLite", Layer.unwrap(Effect.map(temporaryFile, Sqlite.layer)))

describe("the SQLite event store", () => {
  it.effect("keeps events, positions and the answers to repetitions over a restart", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const stream = freshStream()
      const [answer, before] = yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* open(file)
          const answer = yield* store.append(stream, "no_stream", [a, b])
          return [answer, yield* store.read(stream)] as const
        })
      )
      const store = yield* open(file)
      assert.deepStrictEqual(yield* store.read(stream), before)
      assert.deepStrictEqual(yield* store.append(stream, "no_stream", [a, b]), answer)
      assert.strictEqual(yield* store.head, answer.position)
      const next = yield* store.append(stream, 1, [c])
      assert.isTrue(next.position > answer.position)
      assert.strictEqual((yield* follow(store, stream, answer.position, 1))[0]!.eventId, c.eventId)
    })
  )

  it.effect("stores canonical JSON as text", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const event = newEvent("hostile.v1", { b: "\u0000😀\u2028", a: [1e21, -0], "\u20ac": { z: null, y: "\u007f" } })
      yield* Effect.scoped(Effect.flatMap(open(file), (store) => store.append(freshStream(), "no_stream", [event])))
      const row = new DatabaseSync(file).prepare("SELECT data, metadata FROM events").get()!
      assert.strictEqual(row.data, '{"a":[1e+21,0],"b":"\\u0000😀\u2028","€":{"y":"\u007f","z":null}}')
      assert.strictEqual(row.metadata, canonicalize(event.metadata))
    })
  )

  it.effect("keeps evidence as the bytes it is, beside the data, and gives back the text that came", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const stream = freshStream()
      const signed = base64url(Uint8Array.from({ length: 300 }, (_, i) => i % 251))
      const evidences = [signed, "", "AB", "AA==", "c2lnbmVk\n", "%", 7, null]
      const events = evidences.map((evidence) => newEvent("told.v1", { at: "now", evidence }))
      const store = yield* open(file)
      for (const [i, event] of events.entries()) yield* store.append(stream, i === 0 ? "no_stream" : i - 1, [event])
      assert.deepStrictEqual(
        (yield* store.read(stream)).map(({ data }) => data),
        events.map(({ data }) => data)
      )
      const rows = new DatabaseSync(file).prepare("SELECT data, evidence FROM events ORDER BY revision").all()
      const beside = rows.map(({ data, evidence }) =>
        data === '{"at":"now"}' ? base64url(evidence as Uint8Array) : null
      )
      assert.deepStrictEqual(beside, [signed, "", null, null, null, null, null, null])
    })
  )

  it.effect("records the moment of the commit", () =>
    Effect.gen(function* () {
      const store = yield* Effect.flatMap(temporaryFile, open)
      const stream = freshStream()
      yield* TestClock.setTime(Date.parse("2030-01-02T03:04:05.678Z"))
      yield* store.append(stream, "no_stream", [a])
      assert.strictEqual((yield* store.read(stream))[0]!.recordedAt, "2030-01-02T03:04:05.678Z")
    })
  )

  it.effect("hands live subscribers what one commit stored as one array, undecoded", () =>
    Effect.gen(function* () {
      const store = yield* Effect.flatMap(temporaryFile, open)
      const category = freshCategory()
      const arrays: Array<ReadonlyArray<string>> = []
      const datas: Array<unknown> = []
      const fiber = yield* store.subscribe({ categories: [category], after: undefined }).pipe(
        Stream.take(5),
        Stream.runForEachArray((events) =>
          Effect.sync(() => {
            arrays.push(events.map(({ type }) => type))
            datas.push(...events.map(({ data }) => data))
          })
        ),
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.all(
        [
          store.append(streamOf(category), "no_stream", [a, b]),
          store.append(freshStream(), "no_stream", [c]),
          store.append(streamOf(category), "no_stream", [c])
        ],
        { concurrency: "unbounded" }
      )
      yield* store.append(streamOf(category), "no_stream", [b, a])
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(arrays, [
        ["a.v1", "b.v1", "c.v1"],
        ["b.v1", "a.v1"]
      ])
      for (const [i, event] of [a, b, c, b, a].entries()) assert.strictEqual(datas[i], event.data)
    })
  )

  it.effect("neither misses nor repeats for a subscriber that another one starts on hearing an event", () =>
    Effect.gen(function* () {
      const store = yield* Effect.flatMap(temporaryFile, open)
      const [one, two] = [freshStream(), freshStream()]
      const subscribe = follow(store, one, undefined, 2)
      const fiber = yield* store.subscribe({ categories: [one.slice(0, one.indexOf("-"))], after: undefined }).pipe(
        Stream.take(1),
        Stream.mapEffect(() => Effect.forkDetach(subscribe, { startImmediately: true })),
        Stream.runHead,
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.all([store.append(one, "no_stream", [a]), store.append(two, "no_stream", many(3))], {
        concurrency: "unbounded"
      })
      const started = yield* Effect.fromOption(yield* Fiber.join(fiber))
      yield* store.append(one, 0, [b])
      assert.deepStrictEqual(yield* Fiber.join(started), yield* store.read(one))
    })
  )

  it.effect("is unavailable when SQLite fails, and knows that nothing was written", () =>
    Effect.gen(function* () {
      const file = yield* temporaryFile
      const store = yield* open(file)
      const other = new DatabaseSync(file)
      other.exec("ALTER TABLE events RENAME TO gone")
      const stream = freshStream()
      const errors = [
        yield* Effect.flip(store.append(stream, "no_stream", [a])),
        yield* Effect.flip(store.read(stream)),
        yield* Effect.flip(store.head),
        yield* Effect.flip(follow(store, stream, undefined, 1))
      ]
      for (const error of errors) {
        assert(error._tag === "EventStoreUnavailable")
        assert.strictEqual(error.written, "no")
        assert.match((error.cause as Error).message, /no such table/)
      }
      other.exec("ALTER TABLE gone RENAME TO events")
      yield* store.append(stream, "no_stream", [a])
    })
  )
})
