import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { type Claim, RateLimits } from "#domain/ports/RateLimits.ts"
import { Buckets } from "./Buckets.ts"
import { rateLimitsContract } from "./contract.ts"
import * as InProcess from "./InProcess.ts"

rateLimitsContract("in process", InProcess.layer)

const claim = (bucket: string, quota = 10, amount = 1): Claim => ({
  bucket,
  policy: { quota, windowMillis: 1_000 },
  amount
})

it.effect("limits in process go by the fiber's clock", () =>
  Effect.gen(function* () {
    const limits = yield* RateLimits
    const one = claim("a", 1)
    const shared = Effect.map(limits.take([one]), ([standing]) => standing!)
    const own = Effect.sync(() => limits.takeHere(one))
    for (const take of [shared, own]) {
      assert.isTrue((yield* take).allowed)
      assert.deepInclude(yield* take, { allowed: false, waitMillis: 1_000 })
    }
    yield* TestClock.adjust("1 second")
    assert.isTrue(limits.look(one).allowed)
    for (const take of [shared, own]) assert.isTrue((yield* take).allowed)
  }).pipe(Effect.provide(InProcess.layer))
)

describe("buckets in memory", () => {
  it("are full again after a window, and were never more than full", () => {
    const buckets = new Buckets()
    for (let i = 0; i < 10; i++) assert.isTrue(buckets.take(claim("a"), 0).allowed)
    assert.deepStrictEqual(buckets.take(claim("a"), 0), { allowed: false, remaining: 0, waitMillis: 100 })
    assert.deepStrictEqual(buckets.look(claim("a"), 250), { allowed: true, remaining: 2, waitMillis: 50 })
    assert.deepStrictEqual(buckets.look(claim("a"), 1_000), { allowed: true, remaining: 10, waitMillis: 0 })
    assert.strictEqual(buckets.look(claim("a"), 5_000).remaining, 10)
  })

  it.prop(
    "never give more than the quota and what came back",
    [Schema.Array(Schema.Struct({ after: Schema.Int, amount: Schema.Int }))],
    ([asked]) => {
      const buckets = new Buckets()
      let now = 0
      let given = 0
      for (const { after, amount } of asked) {
        now += Math.abs(after) % 700
        const wanted = 1 + (Math.abs(amount) % 4)
        const { allowed, remaining } = buckets.take(claim("a", 7, wanted), now)
        if (allowed) given += wanted
        assert.isAtMost(given, 7 + (7 * now) / 1_000 + 1e-3)
        assert.isAtLeast(remaining, 0)
      }
    }
  )

  it("a wait that is kept is rewarded", () => {
    for (const quota of [1, 3, 7, 30, 999]) {
      const buckets = new Buckets()
      while (buckets.take(claim("a", quota), 0.1).allowed);
      const { waitMillis } = buckets.take(claim("a", quota), 0.1)
      assert.isFalse(buckets.look(claim("a", quota), 0.1 + waitMillis * 0.9).allowed)
      assert.isTrue(buckets.take(claim("a", quota), 0.1 + waitMillis).allowed)
    }
  })

  it("disappear when they are full", () => {
    const buckets = new Buckets()
    for (let i = 0; i < 1_000; i++) buckets.take(claim(`${i}`), 0)
    assert.strictEqual(buckets.size, 1_000)
    for (let i = 0; i < 1_000; i++) buckets.take(claim("other"), 2_000 + i)
    assert.strictEqual(buckets.size, 1)
  })

  it("are bounded in number: the one touched longest ago is forgotten", () => {
    const buckets = new Buckets(3)
    const take = (bucket: string) => buckets.take(claim(bucket, 1), 0).allowed
    assert.deepStrictEqual(["a", "b", "c"].map(take), [true, true, true])
    assert.isFalse(take("a"))
    assert.isTrue(take("d"))
    assert.strictEqual(buckets.size, 3)
    assert.deepStrictEqual(["a", "c", "d"].map(take), [false, false, false])
    assert.isTrue(take("b"))
  })
})
