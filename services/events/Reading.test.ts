import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { reporting } from "../testing/ReportingFixture.ts"
import { reading } from "./Reading.ts"

/** Hands out so many events of a subscription, and then is too busy for more. */
const busyAfter = (store: EventStore["Service"], most: number): EventStore["Service"] => ({
  ...store,
  subscribe: ({ after, categories }) =>
    Stream.concat(Stream.take(store.subscribe({ after, categories }), most), Stream.never)
})
const whole = (event: RecordedEvent) => Effect.succeed(event.position)

describe("a reading of the log", () => {
  it.effect("that ran out of time says that there is more, until it comes no further", () =>
    Effect.gen(function* () {
      const { queue, store } = yield* reporting()
      for (let n = 1; n <= 5; n++) yield* queue(n)
      const all = yield* reading(store)(undefined, 100, whole)
      assert.isFalse(all.hasMore)
      const slowly = Effect.fnUntraced(function* (after: bigint | undefined, most: number) {
        const read = yield* Effect.forkChild(reading(busyAfter(store, most))(after, 100, whole))
        yield* Effect.yieldNow
        yield* TestClock.adjust("1 second")
        return yield* Fiber.join(read)
      })
      const first = yield* slowly(undefined, 3)
      assert.deepStrictEqual(first, { items: all.items.slice(0, 3), upTo: all.items[2], hasMore: true })
      assert.deepStrictEqual(yield* slowly(first.upTo, 0), { items: [], upTo: first.upTo, hasMore: false })
      const rest = yield* slowly(first.upTo, 100)
      assert.deepStrictEqual(rest, { items: all.items.slice(3), upTo: all.items.at(-1), hasMore: false })
    })
  )

  it.effect("comes no further than the log went, also where the store has passed over more", () =>
    Effect.gen(function* () {
      const { queue, store } = yield* reporting()
      yield* queue(1)
      const [head, all] = [(yield* store.head)!, yield* reading(store)(undefined, 100, whole)]
      const ahead: EventStore["Service"] = {
        ...store,
        subscribe: ({ passed }) =>
          Stream.concat(
            Stream.sync(() => passed?.(head + 1n)),
            Stream.never
          ).pipe(Stream.drain) as never
      }
      assert.deepStrictEqual(yield* reading(ahead)(head - 1n, 100, whole), { items: [], upTo: head, hasMore: false })
      assert.strictEqual(all.upTo, head)
    })
  )
})
