import { assert } from "@effect/vitest"
import { Array, Deferred, Effect, Fiber, Stream } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import {
  a,
  b,
  c,
  d,
  follow,
  freshCategory,
  freshStream,
  type It,
  many,
  newEvent,
  random,
  streamOf,
  typesOf
} from "./Fixtures.ts"

export const subscriptions = (it: It) => {
  it.effect("hands live subscribers the same fields as readers", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const fiber = yield* Effect.forkChild(follow(store, stream, undefined, 2), { startImmediately: true })
      yield* store.append(stream, "no_stream", [a, b])
      assert.deepStrictEqual(yield* Fiber.join(fiber), yield* store.read(stream))
    })
  )

  it.effect("subscribes after a position, then stays live", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const { position } = yield* store.append(stream, "no_stream", [a])
      yield* store.append(stream, 0, [b])
      const fiber = yield* Effect.forkChild(follow(store, stream, position, 3), { startImmediately: true })
      yield* store.append(stream, 1, [c])
      yield* store.append(stream, 2, [d])
      assert.deepStrictEqual(typesOf(yield* Fiber.join(fiber)), ["b.v1", "c.v1", "d.v1"])
    })
  )

  it.effect("shows a subscriber its categories only, not those that merely begin alike", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const [one, two] = [freshCategory(), freshCategory()]
      const subscribe = Stream.runCollect(Stream.take(store.subscribe({ categories: [one, two], after: undefined }), 4))
      const append = (category: string, type: string) => store.append(streamOf(category), "no_stream", [newEvent(type)])
      const live = yield* Effect.forkChild(subscribe, { startImmediately: true })
      yield* append(one, "1.v1")
      yield* append(`${one}x`, "no.v1")
      yield* append(two, "2.v1")
      yield* append(one.slice(0, -1), "no.v1")
      yield* append(freshCategory(), "no.v1")
      yield* append(one, "3.v1")
      yield* append(two, "4.v1")
      const expected = ["1.v1", "2.v1", "3.v1", "4.v1"]
      assert.deepStrictEqual(typesOf(yield* Fiber.join(live)), expected)
      assert.deepStrictEqual(typesOf(yield* subscribe), expected)
    })
  )

  it.effect("loses and repeats nothing to a subscriber that resumes again and again during appends", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const category = freshCategory()
      const appends = 120
      const writers = Effect.forEach(
        Array.range(1, appends),
        () => Effect.andThen(Effect.yieldNow, store.append(streamOf(category), "no_stream", many(1 + random(3)))),
        { concurrency: 8 }
      )
      const total = yield* Effect.forkChild(Effect.map(writers, (all) => all.reduce((n, _) => n + _.revision + 1, 0)))

      const seen: Array<RecordedEvent> = []
      const resumeFor = (count: number) =>
        store.subscribe({ categories: [category], after: seen.at(-1)?.position }).pipe(
          Stream.take(count),
          Stream.runForEach((event) => Effect.sync(() => seen.push(event)))
        )
      while (seen.length < appends) yield* resumeFor(1 + random(appends - seen.length))
      const length = yield* Fiber.join(total)
      if (seen.length < length) yield* resumeFor(length - seen.length)

      const whole = yield* Stream.runCollect(
        Stream.take(store.subscribe({ categories: [category], after: undefined }), length)
      )
      assert.deepStrictEqual(seen, whole)
      assert.isTrue(whole.every(({ position }, i) => i === 0 || whole[i - 1]!.position < position))
    })
  )

  it.effect("lets a subscriber fall far behind and catch up, without gap or repetition", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const category = freshCategory()
      const [stream, other] = [streamOf(category), freshStream()]
      const started = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      const fiber = yield* store.subscribe({ categories: [category], after: undefined }).pipe(
        Stream.mapEffect((event) =>
          Effect.as(Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(released)), event)
        ),
        Stream.take(6_001),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* store.append(stream, "no_stream", [a])
      yield* Deferred.await(started)
      for (const round of Array.range(0, 59)) {
        yield* store.append(stream, round * 100, many(100))
        yield* store.append(other, round === 0 ? "no_stream" : round * 7 - 1, many(7))
      }
      yield* Deferred.succeed(released, undefined)
      const seen = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        seen.map(({ revision }) => revision),
        Array.range(0, 6_000)
      )
    })
  )
}
