import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"
import { eventually } from "#domain/testing/Eventually.ts"
import { type Double, eventStoreDouble } from "./testing/DoubleFixture.ts"
import { connect, eventsIn, freshStream, newEvent, newEvents, paths, read, rejection } from "./testing/TestClients.ts"
import { watchAll } from "./testing/Watched.ts"

const [batch, classic] = paths
const shortly = 400
const soon = { deadline: shortly }

const started = Effect.gen(function* () {
  const double = yield* eventStoreDouble
  return { double, client: yield* connect(double.url) }
})

/** Whether it is still open after a while. */
const hangs = (promise: Promise<unknown>) =>
  Effect.promise(() =>
    Promise.race([
      promise.then(
        () => false,
        () => false
      ),
      new Promise<boolean>((resolve) => setTimeout(resolve, shortly, true))
    ])
  )

const control = ({ controlUrl }: Double, path: string, init?: RequestInit) =>
  Effect.promise(() => fetch(`${controlUrl}${path}`, init))

describe("the EventStoreDB double, faults", () => {
  it.live("silence: takes the call and never answers, until it is lifted", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvent()))
      const watched = yield* watchAll(client, { filter: { filterOn: "streamName", prefixes: [stream] } })
      yield* watched.until(() => watched.said.includes("caughtUp"))

      yield* double.fault({ fault: "silence" })
      const error = yield* rejection(client.appendToStream(stream, newEvent(), { ...classic.options, ...soon }))
      assert.strictEqual(error.type, "deadline-exceeded")
      assert.isTrue(yield* hangs(client.appendToStream(stream, newEvent(), soon)))
      assert.isTrue(yield* hangs(read(client, stream)))
      yield* double.heal
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(1), classic.options))
      assert.strictEqual((yield* eventsIn(client, stream)).length, 2)

      yield* double.fault({ fault: "silence", method: "subscribe" })
      yield* watched.until(() => watched.events.length === 2)
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2), classic.options))
      assert.strictEqual((yield* eventsIn(client, stream)).length, 4)
      assert.strictEqual(watched.events.length, 2)
      yield* double.heal
      yield* watched.until(() => watched.events.length === 4)
      assert.deepStrictEqual(watched.events, yield* eventsIn(client, stream))
    })
  )

  it.live("stall: takes the call and looks at it when it is lifted", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvent()))
      const watched = yield* watchAll(client, { filter: { filterOn: "streamName", prefixes: [stream] } })
      yield* watched.until(() => watched.said.includes("caughtUp"))

      yield* double.fault({ fault: "stall" })
      const append = client.appendToStream(stream, newEvent(1), classic.options)
      const reading = read(client, stream)
      assert.deepStrictEqual(yield* Effect.all([hangs(append), hangs(reading)]), [true, true])
      assert.strictEqual(watched.events.length, 1)
      yield* double.heal
      yield* Effect.promise(() => append)
      assert.isAtLeast((yield* Effect.promise(() => reading)).length, 1)
      yield* watched.until(() => watched.events.length === 2)
    })
  )

  it.live("mute: a connection is accepted and never spoken on; another one is", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(), classic.options))
      yield* double.fault({ fault: "mute", times: 1 })
      const error = yield* rejection(client.appendToStream(stream, newEvent(), { ...classic.options, ...soon }))
      assert.strictEqual(error.type, "deadline-exceeded")
      yield* double.heal
      assert.isTrue(yield* hangs(read(client, stream))) // the library waits for it for ever
      const other = yield* connect(`${double.url}&keepAliveInterval=10001`) // one connection for each set of options
      yield* Effect.promise(() => other.appendToStream(stream, newEvent(1), classic.options))
      assert.strictEqual((yield* eventsIn(other, stream)).length, 2)
    })
  )

  it.live("refuse: unavailable, as often as it was asked for", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvent()))
      yield* double.fault({ fault: "refuse", method: "append", times: 1 })
      yield* double.fault({ fault: "refuse", method: "batch-append", times: 1 })
      yield* double.fault({ fault: "refuse", method: "read", times: 1 })
      const inBatch = yield* rejection(client.appendToStream(stream, newEvent()))
      assert.deepInclude(inBatch, { type: "unknown", message: "Could not recognize Server Is Not Ready" })
      for (const attempt of [
        () => client.appendToStream(stream, newEvent(), classic.options),
        () => read(client, stream)
      ]) {
        assert.deepInclude(yield* rejection(attempt()), { type: "unavailable", code: 14 })
      }
      for (const { options } of paths) yield* Effect.promise(() => client.appendToStream(stream, newEvent(), options))
      assert.strictEqual((yield* eventsIn(client, stream)).length, 3)
    })
  )

  it.live("delay: answers late", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      yield* double.fault({ fault: "delay", millis: shortly, method: "append" })
      const begun = performance.now()
      yield* Effect.promise(() => client.appendToStream(freshStream(), newEvent(), classic.options))
      assert.isAtLeast(performance.now() - begun, shortly - 1)
    })
  )

  it.live("end-batch: the client's one call ends, and neither this append nor a later one is ever settled", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      const stream = freshStream()
      yield* double.fault({ fault: "end-batch", times: 1 })
      assert.isTrue(yield* hangs(client.appendToStream(stream, newEvent(), soon)))
      assert.isTrue(yield* hangs(client.appendToStream(stream, newEvent(), soon)))
      const again = yield* connect(double.url)
      yield* Effect.promise(() => again.appendToStream(stream, newEvent()))
      assert.strictEqual((yield* eventsIn(client, stream)).length, 1)
    })
  )

  for (const how of ["clean", "error"] as const) {
    it.live(`end-subscription, ${how}: after so many events; one that resumes misses nothing`, () =>
      Effect.gen(function* () {
        const { client, double } = yield* started
        const stream = freshStream()
        const filter = { filterOn: "streamName", prefixes: [stream] } as const
        yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
        yield* double.fault({ fault: "end-subscription", how, afterEvents: 3, times: 1 })
        const first = yield* watchAll(client, { filter: { ...filter, prefixes: [stream] } })
        yield* first.until(() => first.said.includes("caughtUp"))
        yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
        yield* first.until(() => first.said.includes(how === "clean" ? "close" : "error"))
        assert.deepStrictEqual(
          first.said.filter((what) => what !== "checkpoint"),
          [
            "confirmation",
            "type-0",
            "type-1",
            "caughtUp",
            "type-0",
            ...(how === "clean" ? ["end", "close"] : ["error"])
          ]
        )
        if (how === "error") assert.deepInclude(first.errors[0]!, { type: "unknown", code: 2 })
        const fromPosition = first.events.at(-1)!.position
        const second = yield* watchAll(client, { fromPosition, filter: { ...filter, prefixes: [stream] } })
        yield* second.until(() => second.events.length === 1)
        assert.deepStrictEqual([...first.events, ...second.events], yield* eventsIn(client, stream))
      })
    )
  }

  for (const { options, path } of paths) {
    it.live(`lose-answer, ${path}: stored, and the client cannot know; the repetition has the answer`, () =>
      Effect.gen(function* () {
        const { client, double } = yield* started
        const stream = freshStream()
        const [first, second] = newEvents(2)
        yield* double.fault({ fault: "lose-answer", how: "drop", times: 1 })
        const dropped = yield* rejection(
          client.appendToStream(stream, first!, { expectedRevision: "no_stream", ...options })
        )
        assert.deepInclude(dropped, { type: "unavailable", code: 14 })
        const again = yield* Effect.promise(() =>
          client.appendToStream(stream, first!, { expectedRevision: "no_stream", ...options })
        )
        assert.strictEqual(again.nextExpectedRevision, 0n)

        yield* double.fault({ fault: "lose-answer", how: "withhold", times: 1 })
        const append = (more: object) =>
          client.appendToStream(stream, second!, { expectedRevision: 0n, ...options, ...more })
        const withheld = append({ deadline: 2_000 })
        withheld.catch(() => {}) // it is looked at later
        const stored = yield* eventually(eventsIn(client, stream), ({ length }) => length === 2)
        if (path === "classic") assert.strictEqual((yield* rejection(withheld)).type, "deadline-exceeded")
        else assert.isTrue(yield* hangs(withheld))
        assert.deepStrictEqual(
          stored.map(({ id }) => id),
          [first!.id, second!.id]
        )
        assert.deepStrictEqual((yield* Effect.promise(() => append({}))).position, stored[1]!.position)
      })
    )

    for (const at of ["before-commit", "after-commit"] as const) {
      it.live(
        `kill, ${path}, ${at}: acknowledged ones stay, the last is ${at === "after-commit" ? "" : "not "}there`,
        () =>
          Effect.gen(function* () {
            const { client, double } = yield* started
            const stream = freshStream()
            const events = newEvents(3)
            const append = (i: number) =>
              client.appendToStream(stream, events[i]!, {
                expectedRevision: i === 0 ? "no_stream" : BigInt(i - 1),
                ...options
              })
            yield* double.fault({ fault: "kill", at, afterAppends: 2 })
            yield* Effect.promise(() => append(0))
            yield* Effect.promise(() => append(1))
            const error = yield* rejection(append(2))
            assert.strictEqual(error.code, 14)
            yield* double.dead
            assert.strictEqual((yield* rejection(append(2))).code, 14)
            yield* double.restart
            const stored = yield* eventsIn(client, stream)
            assert.strictEqual(stored.length, at === "after-commit" ? 3 : 2)
            const { nextExpectedRevision } = yield* Effect.promise(() => append(2))
            assert.strictEqual(nextExpectedRevision, 2n)
            assert.strictEqual((yield* eventsIn(client, stream)).length, 3)
          })
      )
    }
  }

  it.live("freeze: nothing moves; what was sent meanwhile is answered after the thaw", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(), batch.options))
      yield* double.freeze
      const append = client.appendToStream(stream, newEvent(1), batch.options)
      assert.isTrue(yield* hangs(append))
      const error = yield* rejection(client.appendToStream(stream, newEvent(), { ...classic.options, ...soon }))
      assert.strictEqual(error.type, "deadline-exceeded")
      yield* double.thaw
      assert.strictEqual((yield* Effect.promise(() => append)).success, true)
    })
  )

  it.live("freeze: the keepalive finds out; while all is well it breaks nothing", () =>
    Effect.gen(function* () {
      const { double } = yield* started
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(console, "warn").mockImplementationOnce(() => {})), // it thinks this is too often
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      const client = yield* connect(`${double.url}&keepAliveInterval=100&keepAliveTimeout=3000`)
      const watched = yield* watchAll(client, { fromPosition: "end" })
      yield* watched.until(() => watched.said.includes("caughtUp"))
      yield* Effect.sleep("1 second") // ten pings
      assert.deepStrictEqual(watched.errors, [])
      yield* double.freeze
      yield* watched.until(() => watched.errors.length === 1)
      assert.deepInclude(watched.errors[0]!, { type: "unavailable", code: 14 })
    })
  )

  it.live("features: an append by default waits for what the server can do", () =>
    Effect.gen(function* () {
      const { client, double } = yield* started
      yield* double.fault({ fault: "refuse", method: "features", times: 1 })
      const error = yield* rejection(client.appendToStream(freshStream(), newEvent()))
      assert.deepInclude(error, { code: 14 })
      assert.isUndefined(error.type)
    })
  )

  it.live("is steered by what it knows only, and says over HTTP what the real one says", () =>
    Effect.gen(function* () {
      const double = yield* eventStoreDouble
      const post = (body: unknown) => control(double, "/faults", { method: "POST", body: JSON.stringify(body) })
      const json = (response: Response) => Effect.promise(() => response.json())
      for (const body of [{ fault: "silnce" }, { fault: "silence", metod: "read" }, { fault: "delay" }, "text"]) {
        assert.strictEqual((yield* post(body)).status, 400)
      }
      assert.deepStrictEqual(yield* json(yield* control(double, "/faults")), [])
      yield* double.fault({ fault: "silence", method: "read" })
      assert.deepStrictEqual(yield* json(yield* control(double, "/faults")), [{ fault: "silence", method: "read" }])
      yield* double.heal
      assert.deepStrictEqual(yield* json(yield* control(double, "/faults")), [])
      assert.strictEqual((yield* control(double, "/faults", { headers: { origin: "http://evil" } })).status, 403)

      assert.strictEqual((yield* control(double, "/health/live")).status, 204)
      assert.deepInclude(yield* json(yield* control(double, "/info")), { esVersion: "24.2.0", state: "leader" })
    })
  )
})
