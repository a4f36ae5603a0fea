import { assert, describe, it } from "@effect/vitest"
import { delayAfter, delaysMillis, longestWishMillis } from "./Retries.ts"

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
})
