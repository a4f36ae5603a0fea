import { assert, describe, it } from "@effect/vitest"
import { EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import { Places } from "./Places.ts"
import { delayAfter, delaysMillis, longestMillis, longestWishMillis, ofEndpoints } from "./Retries.ts"

describe("retries", () => {
  it("follow each other later and later, for 27 hours and 35 minutes, and then no more", () => {
    const delays = delaysMillis.map((_, i) => delayAfter(i + 1, undefined, 0))
    assert.deepStrictEqual(delays.slice(0, -1), delaysMillis.slice(1))
    assert.strictEqual(delays.at(-1), undefined)
    const whole = delaysMillis.reduce((sum, delay) => sum + delay, 0)
    assert.strictEqual(whole, (27 * 60 + 35) * 60_000 + 5_000)
  })

  it("are spread, never earlier", () => {
    assert.strictEqual(delayAfter(1, undefined, 0), 5_000)
    assert.strictEqual(delayAfter(1, undefined, 0.999_999), 6_000)
  })

  it("wait as long as they are asked to, but not for ever", () => {
    assert.strictEqual(delayAfter(1, 60_000, 0), 60_000)
    assert.strictEqual(delayAfter(2, 60_000, 0), 300_000)
    assert.strictEqual(delayAfter(1, Number.MAX_SAFE_INTEGER, 0), longestWishMillis)
    assert.strictEqual(delayAfter(delaysMillis.length, 60_000, 0), undefined)
  })

  it("are put off for no longer than the longest", () => {
    for (const wish of [undefined, 1_000, Number.MAX_SAFE_INTEGER]) {
      for (const [i] of delaysMillis.entries()) assert.isAtMost(delayAfter(i + 1, wish, 1) ?? 0, longestMillis())
    }
    assert.isAtMost(
      delayAfter(1, undefined, 1, ofEndpoints([0, 100 * longestWishMillis]))!,
      longestMillis([0, 100 * longestWishMillis])
    )
  })

  it("come again when a clock that was ahead has left an endpoint alone for longer than it may ask for", () => {
    const places = new Places()
    places.aim(EventId.make(uuid(1)))
    const attempt = { at: fromMillis(0), status: 503, millis: 1 }
    places.heard({ attempt, isDelivered: false, isGone: false, wishMillis: 2 * longestWishMillis }, 1)
    assert.strictEqual(places.free(1), 0)
    assert.isAbove(places.free(0), 0)
  })
})
