import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { StreamId } from "#domain/Ids.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as RecordedSince from "./RecordedSince.ts"

const hour = 3_600_000

describe("RecordedSince", () => {
  it.effect("believes no time that is still to come, but what was recorded behind it", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const since = yield* RecordedSince.make
      const write = (n: number) =>
        store.append(StreamId.make(`${Batch.category}-${n}`), "no_stream", [newEvent("batch.split.v1")])
      const first = (n: number) =>
        store.subscribe({ categories: [Batch.category], after: undefined }).pipe(Stream.take(n), Stream.runCollect)

      yield* TestClock.setTime(hour)
      yield* write(1)
      yield* TestClock.setTime(1_000 * hour) // somebody sets the clock ahead …
      yield* write(2)
      yield* write(3)
      yield* TestClock.setTime(2 * hour) // … and back
      const [one, two, three] = yield* first(3)
      assert.strictEqual(yield* since(one!), hour)
      const unknown = yield* Effect.forkChild(since(two!), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      assert.isUndefined(yield* Fiber.join(unknown))

      yield* TestClock.setTime(3 * hour)
      yield* write(4)
      assert.deepStrictEqual(yield* Effect.forEach([one!, two!, three!], since), [hour, 3 * hour, 3 * hour])
    }).pipe(Effect.provide(Sqlite.layer(":memory:")))
  )
})
