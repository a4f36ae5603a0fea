import { assert, describe, it } from "@effect/vitest"
import { Array, Effect } from "effect"
import { eventStoreDouble } from "./testing/DoubleFixture.ts"
import { all, connect, eventsIn, freshStream, newEvents, paths } from "./testing/TestClients.ts"
import { watchAll } from "./testing/Watched.ts"

describe("the EventStoreDB double, restarts", () => {
  for (const { options, path } of paths) {
    it.live(`${path}: killed under load, has every append that was acknowledged, whole, where it was said to be`, () =>
      Effect.gen(function* () {
        const double = yield* eventStoreDouble
        const client = yield* connect(double.url)
        const acknowledged: Array<{ readonly stream: string; readonly position: bigint; readonly ids: Array<string> }> =
          []
        for (const round of [1, 2]) {
          const enough = round * 300
          yield* Effect.promise(() =>
            Promise.all(
              Array.makeBy(16, async () => {
                while (acknowledged.length < enough) {
                  const stream = freshStream()
                  const events = newEvents(2)
                  const { position } = await client.appendToStream(stream, events, options)
                  acknowledged.push({ stream, position: position!.commit, ids: events.map(({ id }) => id) })
                }
                await Effect.runPromise(double.kill)
              })
            ).catch(() => {})
          )
          yield* double.kill
          yield* double.restart
        }
        const log = yield* Effect.promise(() => all(client.readAll()))
        const stored = Map.groupBy(log, ({ streamId }) => streamId)
        for (const { ids, position, stream } of acknowledged) {
          const events = stored.get(stream) ?? []
          assert.deepStrictEqual(
            events.map(({ id }) => id),
            ids
          )
          assert.strictEqual(events[1]!.position.commit, position)
        }
        for (const [stream, events] of stored) if (!stream.startsWith("$")) assert.strictEqual(events.length, 2)
      })
    )
  }

  it.live("knows repetitions at exact revisions after a restart, and no more those at any", () =>
    Effect.gen(function* () {
      const double = yield* eventStoreDouble
      const client = yield* connect(double.url)
      const stream = freshStream()
      const events = newEvents(4)
      const append = (expectedRevision: "no_stream" | "any" | bigint, some: typeof events) =>
        Effect.promise(() => client.appendToStream(stream, some, { expectedRevision, ...paths[1].options }))
      const first = yield* append("no_stream", events.slice(0, 2))
      const second = yield* append(1n, events.slice(2))
      assert.strictEqual((yield* append("any", events)).nextExpectedRevision, 3n)

      yield* double.kill
      yield* double.restart
      assert.deepStrictEqual(yield* append("no_stream", events.slice(0, 2)), first)
      assert.deepStrictEqual(yield* append(1n, events.slice(2)), second)
      assert.strictEqual((yield* append("no_stream", events.slice(0, 1))).nextExpectedRevision, 0n)
      assert.strictEqual((yield* eventsIn(client, stream)).length, 4)
      assert.strictEqual((yield* append("any", events)).nextExpectedRevision, 7n)
      assert.strictEqual((yield* eventsIn(client, stream)).length, 8)
    })
  )

  it.live("breaks subscriptions at once when it is killed; one that resumes misses nothing", () =>
    Effect.gen(function* () {
      const double = yield* eventStoreDouble
      const client = yield* connect(double.url)
      const stream = freshStream()
      const filter = { filterOn: "streamName", prefixes: [stream] } as const
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(3)))
      const before = yield* watchAll(client, { filter: { ...filter, prefixes: [stream] } })
      yield* before.until(() => before.events.length === 3)
      yield* double.kill
      yield* before.until(() => before.errors.length === 1)
      assert.deepInclude(before.errors[0]!, { type: "unavailable", code: 14 })
      yield* double.restart
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2), paths[1].options))
      const fromPosition = before.events.at(-1)!.position
      const after = yield* watchAll(client, { fromPosition, filter: { ...filter, prefixes: [stream] } })
      yield* after.until(() => after.events.length === 2)
      assert.deepStrictEqual([...before.events, ...after.events], yield* eventsIn(client, stream))
    })
  )

  it.live("sends the first subscriber of an empty log a checkpoint at the end of all logs, and no other", () =>
    Effect.gen(function* () {
      const double = yield* eventStoreDouble
      const client = yield* connect(double.url)
      const filter = () => ({ filterOn: "streamName", prefixes: ["mine-"] }) as const
      const watched = yield* watchAll(client, { filter: { ...filter(), prefixes: ["mine-"] } })
      yield* watched.until(() => watched.said.includes("caughtUp"))
      const nowhere = 2n ** 64n - 1n
      assert.deepStrictEqual(watched.checkpoints, [{ commit: nowhere, prepare: nowhere }])

      // whoever resumes from it hears of nothing that came meanwhile
      const stream = freshStream("mine")
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
      yield* watched.until(() => watched.events.length === 2)
      const resumed = yield* watchAll(client, {
        fromPosition: watched.checkpoints[0]!,
        filter: { ...filter(), prefixes: ["mine-"] }
      })
      yield* resumed.until(() => resumed.said.includes("caughtUp"))
      assert.deepStrictEqual(resumed.events, [])
    })
  )
})
