import { assert, it } from "@effect/vitest"
import { Array, Effect, type Layer } from "effect"
import { type Claim, RateLimits } from "#domain/ports/RateLimits.ts"

const minute = 60_000
const claim = (quota: number, more: Partial<Claim & { readonly windowMillis: number }> = {}): Claim => ({
  bucket: more.bucket ?? crypto.randomUUID(),
  policy: { quota, windowMillis: more.windowMillis ?? minute },
  amount: more.amount ?? 1
})

/** The behaviour every RateLimits adapter owes its callers. Run it against each layer; add no adapter options. */
export const rateLimitsContract = <E>(adapter: string, layer: Layer.Layer<RateLimits, E>) =>
  it.layer(layer, { excludeTestServices: true })(`RateLimits contract: ${adapter}`, (it) => {
    it.effect("gives the quota, counts down, and says how long to wait for more", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const three = claim(3)
        const begun = performance.now()
        const taken = yield* Effect.forEach(Array.range(1, 4), () => limits.take([three]))
        assert.deepStrictEqual(
          taken.map(([standing]) => [standing!.allowed, standing!.remaining]),
          [
            [true, 2],
            [true, 1],
            [true, 0],
            [false, 0]
          ]
        )
        const elapsed = performance.now() - begun
        for (const [standing] of taken) {
          assert.isAtLeast(standing!.waitMillis, minute / 3 - elapsed - 5)
          assert.isAtMost(standing!.waitMillis, minute / 3)
        }
      })
    )

    it.effect("takes more than one at a time, or none of them", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const bucket = crypto.randomUUID()
        const take = (amount: number) =>
          Effect.map(limits.take([claim(10, { bucket, amount })]), ([standing]) => standing!)
        assert.deepInclude(yield* take(7), { allowed: true, remaining: 3 })
        const refused = yield* take(4)
        assert.deepInclude(refused, { allowed: false, remaining: 3 })
        assert.isAbove(refused.waitMillis, 1_000)
        assert.isAtMost(refused.waitMillis, minute / 10)
        assert.deepInclude(yield* take(3), { allowed: true, remaining: 0 })
        assert.isFalse((yield* limits.take([claim(2, { amount: 3 })]))[0]!.allowed)
      })
    )

    it.effect("gives back evenly over the window", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const each = 500
        const quick = claim(4, { windowMillis: 4 * each })
        const take = Effect.map(limits.take([quick]), ([standing]) => standing!)
        const begun = performance.now()
        let [allowed, refused] = [0, 0]
        while (allowed < 8) {
          const standing = yield* take
          const elapsed = performance.now() - begun
          assert.isAtMost(standing.waitMillis, each)
          if (standing.allowed) assert.isAtMost(++allowed, 4 + (elapsed + 5) / each)
          else {
            refused++
            yield* Effect.sleep(standing.waitMillis + 5)
          }
        }
        assert.isAtMost(refused, 2 * 4) // after the wait that it is told, or what is known here and there differs by, there is one
      })
    )

    it.effect("keeps buckets apart", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const [one, two] = [claim(1), claim(1)]
        assert.isTrue((yield* limits.take([one]))[0]!.allowed)
        assert.isFalse((yield* limits.take([one]))[0]!.allowed)
        assert.isTrue((yield* limits.take([two]))[0]!.allowed)
      })
    )

    it.effect("takes several claims in order, and nothing after a refusal", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const [none, some] = [claim(1), claim(5)]
        assert.deepStrictEqual(
          (yield* limits.take([none, some])).map(({ allowed, remaining }) => [allowed, remaining]),
          [
            [true, 0],
            [true, 4]
          ]
        )
        assert.deepStrictEqual(
          (yield* limits.take([none, some])).map(({ allowed }) => allowed),
          [false]
        )
        assert.deepInclude((yield* limits.take([some]))[0], { allowed: true, remaining: 3 })
      })
    )

    it.effect("gives no more than the quota to all who ask at once", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const ten = claim(10)
        const taken = yield* Effect.all(
          Array.makeBy(40, () => limits.take([ten])),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(
          taken.filter(([standing]) => standing!.allowed),
          10
        )
      })
    )

    it.effect("takes the first of two claims also for those of many at once whom the second refuses", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const [hundred, ten, other] = [claim(100), claim(10), claim(3)]
        const taken = yield* Effect.all(
          Array.makeBy(40, (i) => limits.take(i % 4 === 3 ? [hundred, other] : [hundred, ten])),
          { concurrency: "unbounded" }
        )
        const allowed = taken.filter((standings) => standings.every((standing) => standing.allowed))
        assert.lengthOf(allowed, 13)
        assert.strictEqual(new Set(taken.map(([first]) => first!.remaining)).size, 40)
        assert.deepInclude((yield* limits.take([hundred]))[0], { allowed: true, remaining: 59 })
      })
    )

    it.effect("looks without taking, and refuses by itself what this process alone has used up", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const two = claim(2)
        assert.deepStrictEqual(limits.look(two), { allowed: true, remaining: 2, waitMillis: 0 })
        assert.deepInclude(limits.look(two), { allowed: true, remaining: 2 })
        yield* limits.take([two])
        yield* limits.take([two])
        assert.deepInclude(limits.look(two), { allowed: false, remaining: 0 })
      })
    )

    it.effect("keeps what is the process's own apart from what is shared", () =>
      Effect.gen(function* () {
        const limits = yield* RateLimits
        const one = claim(1)
        assert.isTrue(limits.takeHere(one).allowed)
        assert.isFalse(limits.takeHere(one).allowed)
        assert.isTrue((yield* limits.take([one]))[0]!.allowed)
      })
    )
  })
