import { assert } from "@effect/vitest"
import { Array, Effect, Fiber } from "effect"
import { alike, all, Connected, eventsIn, freshStream, newEvent, newEvents } from "./testing/TestClients.ts"
import { watchAll, watchStream } from "./testing/Watched.ts"

const byStream = (...prefixes: ReadonlyArray<string>) => ({ filterOn: "streamName" as const, prefixes: [...prefixes] })
const typesOf = (events: ReadonlyArray<{ readonly type: string }>) => events.map(({ type }) => type)

alike("subscriptions", (it) => {
  it.effect("confirms, catches up, says so, and stays live", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      const { position } = yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
      const watched = yield* watchAll(client, { fromPosition: position! })
      yield* watched.until(() => watched.said.includes("caughtUp"))
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(7)))
      yield* watched.until(() => watched.events.length === 3)
      assert.deepStrictEqual(watched.said, ["confirmation", "type-0", "type-1", "caughtUp", "type-7"])
      assert.deepStrictEqual(watched.events, (yield* Effect.promise(() => all(client.readStream(stream)))).slice(2))
    }).pipe(Effect.scoped)
  )

  it.effect("from the end: what comes from now on", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(2)))
      const watched = yield* watchAll(client, { fromPosition: "end" })
      yield* watched.until(() => watched.said.includes("caughtUp"))
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(7)))
      yield* watched.until(() => watched.events.length === 1)
      assert.deepStrictEqual(watched.said, ["confirmation", "caughtUp", "type-7"])
    }).pipe(Effect.scoped)
  )

  for (const [name, filter, expected] of [
    ["prefixes of the stream's name", (a: string) => byStream(`${a}-one`, `${a}-two`), ["type-1", "type-2"]],
    [
      "a pattern of the stream's name",
      (a: string) => ({ filterOn: "streamName", regex: `^${a}-t` }),
      ["type-2", "type-3"]
    ],
    ["prefixes of the type", () => ({ filterOn: "eventType", prefixes: ["type-3", "type-4"] }), ["type-3", "type-4"]]
  ] as const) {
    it.effect(`filters by ${name}, in the past and live`, () =>
      Effect.gen(function* () {
        const { client } = yield* Connected
        const category = freshStream()
        const append = Effect.promise(async () => {
          for (const [i, name] of ["one", "two", "three", "four"].entries()) {
            await client.appendToStream(`${category}-${name}`, newEvent(i + 1))
          }
        })
        const [last] = yield* Effect.promise(() =>
          all(client.readAll({ direction: "backwards", fromPosition: "end", maxCount: 1 }))
        )
        yield* append
        const watched = yield* watchAll(client, {
          fromPosition: last!.position,
          filter: filter(category) as ReturnType<typeof byStream>
        })
        yield* watched.until(() => watched.said.includes("caughtUp"))
        yield* append
        yield* watched.until(() => watched.events.length === 4)
        assert.deepStrictEqual(typesOf(watched.events), [...expected, ...expected])
      }).pipe(Effect.scoped)
    )
  }

  it.effect("loses and repeats nothing to one that resumes again and again, from events and from checkpoints", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const [category, noise] = [freshStream(), freshStream("noise")]
      const filter = byStream(category)
      const total = 480
      const writer = yield* Effect.promise(() =>
        Promise.all(
          Array.makeBy(6, async (w) => {
            for (let i = 0; i < total / 6; i++) {
              await client.appendToStream(`${category}-${w}`, newEvent(i))
              if (i % 3 === 0) await client.appendToStream(noise, newEvents(20))
            }
          })
        )
      ).pipe(Effect.forkChild({ startImmediately: true }))

      const ids: Array<string> = []
      let from: Parameters<typeof watchAll>[1] = {}
      let resumed = 0
      while (ids.length < total) {
        const enough = Math.min(total, ids.length + 1 + Math.floor(Math.random() * 60))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const watched = yield* watchAll(client, { ...from, filter })
            yield* watched.until(() => ids.length + watched.events.length >= enough)
            const seen = watched.events.length
            ids.push(...watched.events.map(({ id }) => id))
            const last = watched.said.findLast((what) => what !== "caughtUp")
            const fromPosition = last === "checkpoint" ? watched.checkpoints.at(-1)! : watched.events.at(-1)!.position
            assert.isAbove(seen, 0)
            from = { fromPosition }
            resumed += 1
          })
        )
      }
      yield* Fiber.join(writer)
      const whole = (yield* Effect.promise(() => all(client.readAll()))).filter(({ streamId }) =>
        streamId.startsWith(category)
      )
      assert.deepStrictEqual(
        ids,
        whole.map(({ id }) => id)
      )
      assert.isAbove(resumed, 5)
    }).pipe(Effect.scoped)
  )

  it.effect("tells of progress every 32 events looked at, though none of them fits", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const begin = yield* Effect.promise(() => client.appendToStream(freshStream(), newEvent()))
      yield* Effect.promise(() => client.appendToStream(freshStream("noise"), newEvents(100)))
      const watched = yield* watchAll(client, { fromPosition: begin.position!, filter: byStream(freshStream()) })
      yield* watched.until(() => watched.said.includes("caughtUp"))
      const past = watched.checkpoints.length
      assert.isAtLeast(past, 3)
      assert.isAtMost(past, 4)
      yield* Effect.promise(() => client.appendToStream(freshStream("noise"), newEvents(100)))
      yield* watched.until(() => watched.checkpoints.length === past + 3)
      const positions = watched.checkpoints.map(({ commit }) => commit)
      assert.deepStrictEqual(
        positions,
        positions.toSorted((a, b) => Number(a - b))
      )

      const wider = yield* watchAll(client, {
        fromPosition: begin.position!,
        filter: { ...byStream(freshStream()), maxSearchWindow: 80 }
      })
      yield* wider.until(() => wider.said.includes("caughtUp"))
      assert.isAtLeast(wider.checkpoints.length, 2)
      assert.isAtMost(wider.checkpoints.length, 3)
    }).pipe(Effect.scoped)
  )

  it.effect("loses nothing to a client that is far slower than the writers", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      const subscription = client.subscribeToAll({
        fromPosition: "end",
        filter: { ...byStream(stream), checkpointInterval: 1 }
      })
      yield* Effect.promise(() => new Promise((resolve) => subscription.once("confirmation", () => resolve(undefined))))
      subscription.pause()
      for (const _ of Array.range(1, 40)) yield* Effect.promise(() => client.appendToStream(stream, newEvents(50)))
      const seen: Array<number> = []
      yield* Effect.promise(async () => {
        for await (const { event } of subscription) if (seen.push(Number(event!.revision)) === 2_000) break
      })
      assert.deepStrictEqual(seen, Array.range(0, 1_999))
    })
  )

  it.effect("refuses a position that is no event's", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const { position } = yield* Effect.promise(() => client.appendToStream(freshStream(), newEvents(2)))
      const watched = yield* watchAll(client, {
        fromPosition: { commit: position!.commit - 1n, prepare: position!.prepare - 1n },
        filter: byStream("any")
      })
      yield* watched.until(() => watched.errors.length === 1)
      assert.deepInclude(watched.errors[0]!, { type: "unknown", code: 3 })
    }).pipe(Effect.scoped)
  )

  it.effect("waits for a stream that does not exist yet, and begins after a revision", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      const early = yield* watchStream(client, stream)
      yield* early.until(() => early.said.includes("caughtUp"))
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(3)))
      yield* early.until(() => early.events.length === 3)
      assert.deepStrictEqual(early.said, ["confirmation", "caughtUp", "type-0", "type-1", "type-2"])

      const late = yield* watchStream(client, stream, 0n)
      yield* late.until(() => late.said.includes("caughtUp"))
      assert.deepStrictEqual(late.said, ["confirmation", "type-1", "type-2", "caughtUp"])
      const end = yield* watchStream(client, stream, "end")
      yield* end.until(() => end.said.includes("caughtUp"))
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(9)))
      yield* end.until(() => end.events.length === 1)
      assert.deepStrictEqual(typesOf(end.events), ["type-9"])
      yield* Effect.promise(() => client.appendToStream(stream, newEvents(40)))
      yield* early.until(() => early.events.length === 44)
      assert.deepStrictEqual(early.events, yield* eventsIn(client, stream))
    }).pipe(Effect.scoped)
  )

  it.effect("breaks a stream's subscription at its tombstone", () =>
    Effect.gen(function* () {
      const { client } = yield* Connected
      const stream = freshStream()
      yield* Effect.promise(() => client.appendToStream(stream, newEvent(1)))
      const watched = yield* watchStream(client, stream)
      yield* watched.until(() => watched.said.includes("caughtUp"))
      yield* Effect.promise(() => client.tombstoneStream(stream))
      yield* watched.until(() => watched.errors.length === 1)
      assert.deepStrictEqual(typesOf(watched.events), ["type-1", "$streamDeleted"])
      assert.strictEqual(watched.errors[0]!.type, "stream-deleted")
      const late = yield* watchStream(client, stream)
      yield* late.until(() => late.errors.length === 1)
      assert.deepStrictEqual(late.said.slice(0, 1), ["error"])
    }).pipe(Effect.scoped)
  )
})
