import { assert, describe, it } from "@effect/vitest"
import { Array, Context, Effect, Fiber, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { StreamId } from "#domain/Ids.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as SameLog from "./SameLog.ts"

const stream = (n: number) => StreamId.make(`message-${n}`)
const away = new EventStoreUnavailable({ written: "no", cause: new Error("nobody answers") })

/** A log that another can be put in the place of, and a process that reads it. */
const scene = Effect.gen(function* () {
  const lines: Array<unknown> = []
  const fresh = Effect.map(Layer.build(Layer.fresh(Sqlite.layer(":memory:"))), (services) =>
    Context.get(services, EventStore)
  )
  const whole = yield* fresh
  let store = whole
  let isAway = false
  const there = <A, E>(work: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | EventStoreUnavailable> => (isAway ? Effect.fail(away) : work))
  const log = EventStore.of({
    append: (...asked) => there(Effect.suspend(() => store.append(...asked))),
    read: (asked) => there(Effect.suspend(() => store.read(asked))),
    subscribe: (options) => Stream.suspend(() => store.subscribe(options)),
    head: there(Effect.suspend(() => store.head)),
    at: (position) => there(Effect.suspend(() => store.at(position))),
    appendable: there(Effect.void)
  })
  const told = Logger.layer([Logger.make(({ message }) => void lines.push(message))])
  const same = Context.get(
    yield* Layer.build(SameLog.layer.pipe(Layer.provide([Layer.succeed(EventStore, log), told]))),
    EventStore
  )
  const write = (n: number) => store.append(stream(n), "no_stream", [newEvent("a.v1")])
  const read: Array<string> = []
  const follow = (after?: bigint) =>
    Stream.runForEach(same.subscribe({ categories: ["message"], after }), (event) =>
      Effect.sync(() => void read.push(event.stream))
    ).pipe(Effect.forkScoped({ startImmediately: true }))
  return {
    become: (next: EventStore["Service"]) => {
      store = next
    },
    follow,
    fresh,
    leave: (gone: boolean) => {
      isAway = gone
    },
    lines,
    read,
    same,
    whole,
    write
  }
})

/** What each of these comes to, when all that is waited for is over. */
const outcomes = (same: EventStore["Service"], n: number) =>
  Effect.gen(function* () {
    const asked = [
      same.append(stream(n), "no_stream", [newEvent("a.v1")]),
      same.read(stream(1)),
      same.head,
      same.appendable,
      same.at(1n)
    ]
    const all = yield* Effect.forkChild(
      Effect.forEach(asked, (one: Effect.Effect<unknown, { readonly _tag: string }>) =>
        Effect.match(one, { onFailure: ({ _tag }) => _tag, onSuccess: () => "done" })
      )
    )
    yield* TestClock.adjust("5 seconds")
    return yield* Fiber.join(all)
  })
const refused = Array.replicate("EventStoreUnavailable", 5)
const done = Array.replicate("done", 5)

describe("the log that a process has read", () => {
  it.effect("is looked at before anything is taken when somebody missed it, however soon it is back", () =>
    Effect.gen(function* () {
      const { become, follow, fresh, leave, same, write } = yield* scene
      yield* write(1)
      yield* follow()
      yield* TestClock.adjust("1 second")
      leave(true)
      assert.strictEqual((yield* Effect.flip(same.head))._tag, "EventStoreUnavailable")
      leave(false)
      become(yield* fresh)
      assert.deepStrictEqual(yield* outcomes(same, 2), refused)
    })
  )

  it.effect("is followed, read and appended to while it is the same", () =>
    Effect.gen(function* () {
      const { follow, lines, read, same, write } = yield* scene
      yield* write(1)
      yield* follow()
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* outcomes(same, 2), done)
      assert.deepStrictEqual(read, [stream(1), stream(2)])
      assert.deepStrictEqual(lines, [])
    })
  )

  for (const [what, count] of [
    ["ends before what was read", 1],
    ["has grown past it", 4]
  ] as const) {
    it.effect(`is no more when an older one in its place ${what}: that is told once, and nothing goes by it`, () =>
      Effect.gen(function* () {
        const { become, follow, fresh, lines, read, same, write } = yield* scene
        for (const n of [1, 2, 3]) yield* write(n)
        yield* follow()
        yield* TestClock.adjust("1 second")
        const other = yield* fresh
        become(other)
        for (const n of Array.range(11, 10 + count)) yield* write(n)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(yield* outcomes(same, 20), refused)
        assert.deepStrictEqual(read, [stream(1), stream(2), stream(3)])
        assert.lengthOf(yield* other.read(stream(20)), 0)
        assert.lengthOf(lines, 1)
        for (const n of [21, 22, 23]) yield* write(n)
        assert.deepStrictEqual(yield* outcomes(same, 24), refused)
        assert.lengthOf(lines, 1)
      })
    )
  }

  it.effect("hands on nothing of another that is there when it can be seen again", () =>
    Effect.gen(function* () {
      const { become, follow, fresh, leave, read, same, write } = yield* scene
      for (const n of [1, 2, 3]) yield* write(n)
      yield* follow()
      leave(true)
      yield* TestClock.adjust("1 second")
      become(yield* fresh)
      for (const n of [11, 12, 13, 14]) yield* write(n)
      yield* follow(3n)
      leave(false)
      assert.deepStrictEqual(yield* outcomes(same, 20), refused)
      assert.deepStrictEqual(read, [stream(1), stream(2), stream(3)])
    })
  )

  it.effect("is compared also where this process has only begun, and nothing came since", () =>
    Effect.gen(function* () {
      const { become, follow, fresh, read, same, write } = yield* scene
      for (const n of [1, 2, 3]) yield* write(n)
      yield* follow(3n)
      yield* TestClock.adjust("1 minute")
      become(yield* fresh)
      for (const n of [11, 12, 13, 14]) yield* write(n)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* outcomes(same, 20), refused)
      assert.deepStrictEqual(read, [])
    })
  )

  it.effect("is the same when a server was behind for a moment, or away", () =>
    Effect.gen(function* () {
      const { become, follow, fresh, leave, lines, read, same, whole, write } = yield* scene
      yield* write(1)
      yield* follow()
      yield* TestClock.adjust("1 second")
      become(yield* fresh)
      yield* TestClock.adjust("1500 millis")
      become(whole)
      assert.deepStrictEqual(yield* outcomes(same, 2), done)
      leave(true)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* outcomes(same, 3), refused)
      leave(false)
      assert.deepStrictEqual(yield* outcomes(same, 4), done)
      assert.deepStrictEqual(read, [stream(1), stream(2), stream(4)])
      assert.deepStrictEqual(lines, [])
    })
  )
})
