import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Stream } from "effect"
import { StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { newEvent } from "../contract/Fixtures.ts"
import { liveTail, queueLimit } from "./LiveTail.ts"

/** A log in memory, whose pages are counted. */
const counted = () => {
  const log: Array<RecordedEvent> = []
  const pages: Array<bigint> = []
  const tail = liveTail((_, after) => {
    pages.push(after)
    return { events: log.slice(Number(after)), upTo: BigInt(log.length), last: true }
  })
  const append = (count: number) => {
    const events = Array.makeBy(
      count,
      (i): RecordedEvent => ({
        ...newEvent("a.v1"),
        stream: StreamId.make("a-1"),
        revision: log.length + i,
        position: BigInt(log.length + i + 1),
        recordedAt: fromMillis(0)
      })
    )
    log.push(...events)
    tail.publish(events)
  }
  return { log, pages, append, subscribe: tail.subscribe(["a"], 0n) }
}

describe("LiveTail", () => {
  it.effect("reads pages at the start only, as long as the subscriber keeps up", () =>
    Effect.gen(function* () {
      const { append, log, pages, subscribe } = counted()
      append(1)
      const pull = yield* Stream.toPull(subscribe)
      const seen = [...(yield* pull)]
      for (let round = 0; round < 3; round++) {
        append(queueLimit)
        seen.push(...(yield* pull))
      }
      assert.deepStrictEqual(seen, log)
      assert.deepStrictEqual(pages, [0n])
    })
  )

  it.effect("holds no more than its limit for a slow subscriber, who then reads on from where it stands", () =>
    Effect.gen(function* () {
      const { append, log, pages, subscribe } = counted()
      append(1)
      const pull = yield* Stream.toPull(subscribe)
      const seen = [...(yield* pull)]
      append(queueLimit)
      append(1)
      append(1)
      seen.push(...(yield* pull))
      append(1)
      seen.push(...(yield* pull))
      assert.deepStrictEqual(seen, log)
      assert.deepStrictEqual(pages, [0n, 1n])
    })
  )
})
