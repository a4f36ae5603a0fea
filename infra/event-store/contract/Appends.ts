import { assert } from "@effect/vitest"
import { Array, Effect, Exit, Schema } from "effect"
import { Instant } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { a, b, c, d, follow, freshStream, type It, many, newEvent, typesOf } from "./Fixtures.ts"

export const appends = (it: It) => {
  it.effect("gives back every field of what was appended", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const traced = { ...a, metadata: { ...a.metadata, traceparent: "00-trace-01" } }
      const first = yield* store.append(stream, "no_stream", [traced, b])
      const second = yield* store.append(stream, 1, [c])
      assert.deepStrictEqual([first.revision, second.revision], [1, 2])
      assert.isTrue(first.position < second.position)

      const events = yield* store.read(stream)
      const expected = [traced, b, c].map((event, revision) => ({
        ...event,
        stream,
        revision,
        position: events[revision]!.position,
        recordedAt: events[revision]!.recordedAt
      }))
      assert.deepStrictEqual(events, expected)
      assert.deepStrictEqual([events[1]!.position, events[2]!.position], [first.position, second.position])
      assert.isTrue(events[0]!.position < events[1]!.position)
      for (const { recordedAt } of events) assert.isTrue(Schema.is(Instant)(recordedAt))

      const subscribed = yield* follow(store, stream, undefined, 3)
      assert.deepStrictEqual(subscribed, expected)
    })
  )

  it.effect("reads a stream that does not exist as empty", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      assert.deepStrictEqual(yield* store.read(freshStream()), [])
    })
  )

  it.effect("knows the position of the last event", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const { position } = yield* store.append(freshStream(), "no_stream", [a, b])
      assert.strictEqual(yield* store.head, position)
    })
  )

  it.effect("knows which event stands at a position, if one does", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const before = yield* store.head
      yield* store.append(stream, "no_stream", [a, b])
      const events = yield* store.read(stream)
      for (const { eventId, position } of events) assert.strictEqual(yield* store.at(position), eventId)
      const between = events[0]!.position + 1n
      const expected = between === events[1]!.position ? events[1]!.eventId : undefined
      assert.strictEqual(yield* store.at(between), expected)
      if (before === undefined) assert.isUndefined(yield* store.at(events[0]!.position - 1n))
      assert.isUndefined(yield* store.at(events[1]!.position + 1_000_000n))
    })
  )

  it.effect("refuses an append at any revision but the last, and stores nothing of it", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const unknown = freshStream()
      yield* store.append(stream, "no_stream", [a, b])
      const attempts = [
        [stream, "no_stream"],
        [stream, 0],
        [stream, 2],
        [stream, 7],
        [unknown, 0]
      ] as const
      for (const [target, expected] of attempts) {
        const error = yield* Effect.flip(store.append(target, expected, [c, d]))
        assert.deepStrictEqual(
          { ...error } as object,
          { _tag: "WrongExpectedRevision", stream: target, expected },
          `at ${expected}`
        )
      }
      assert.deepStrictEqual(typesOf(yield* store.read(stream)), ["a.v1", "b.v1"])
      assert.deepStrictEqual(yield* store.read(unknown), [])
    })
  )

  it.effect("lets exactly one of many concurrent writers win each revision", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const rounds = Array.range(0, 9)
      for (const round of rounds) {
        const expected = round === 0 ? "no_stream" : round - 1
        const writers = many(5)
        const exits = yield* Effect.forEach(writers, (event) => Effect.exit(store.append(stream, expected, [event])), {
          concurrency: "unbounded"
        })
        const winners = writers.filter((_, i) => Exit.isSuccess(exits[i]!))
        assert.strictEqual(winners.length, 1)
        assert.strictEqual((yield* store.read(stream)).at(-1)?.eventId, winners[0]!.eventId)
      }
      assert.strictEqual((yield* store.read(stream)).length, rounds.length)
    })
  )

  it.effect("answers each of many concurrent appends for itself", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const taken = freshStream()
      yield* store.append(taken, "no_stream", [a])
      const targets = Array.makeBy(40, (i) => (i % 2 === 0 ? freshStream() : taken))
      const exits = yield* Effect.forEach(
        targets,
        (stream) => Effect.exit(store.append(stream, "no_stream", [newEvent("b.v1"), newEvent("c.v1")])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        exits.map(Exit.isSuccess),
        targets.map((stream) => stream !== taken)
      )
      for (const [i, stream] of targets.entries()) {
        if (stream === taken) continue
        const events = yield* store.read(stream)
        assert.deepStrictEqual(typesOf(events), ["b.v1", "c.v1"])
        const { position } = yield* exits[i]!
        assert.strictEqual(position, events[1]!.position)
      }
      assert.strictEqual((yield* store.read(taken)).length, 1)
    })
  )
}
