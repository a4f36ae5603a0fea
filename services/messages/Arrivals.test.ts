import { assert, describe, it } from "@effect/vitest"
import { Arrivals } from "./Arrivals.ts"

const [one, two] = ["one", "two"]
const counts = (arrivals: Arrivals) => [arrivals.total, arrivals.of(one), arrivals.of(two)]

describe("arrivals", () => {
  it("count from the moment they come until the views show them", () => {
    const arrivals = new Arrivals()
    const [a, b] = [arrivals.begin(one), arrivals.begin(two)]
    assert.deepStrictEqual(counts(arrivals), [2, 1, 1])
    a.recorded(5n)
    b.recorded(6n)
    a.end()
    assert.deepStrictEqual(counts(arrivals), [2, 1, 1])
    arrivals.shown(undefined)
    arrivals.shown(4n)
    assert.deepStrictEqual(counts(arrivals), [2, 1, 1])
    arrivals.shown(5n)
    assert.deepStrictEqual(counts(arrivals), [1, 0, 1])
    arrivals.shown(9n)
    assert.deepStrictEqual(counts(arrivals), [0, 0, 0])
  })

  it("that come to nothing count no longer, once", () => {
    const arrivals = new Arrivals()
    const [a, b] = [arrivals.begin(one), arrivals.begin(one)]
    a.end()
    a.end()
    a.recorded(1n)
    assert.deepStrictEqual(counts(arrivals), [1, 1, 0])
    b.end()
    arrivals.shown(9n)
    assert.deepStrictEqual(counts(arrivals), [0, 0, 0])
  })

  it("shown out of order are counted off as soon as those before them are", () => {
    const arrivals = new Arrivals()
    for (const position of [3n, 2n, 4n]) arrivals.begin(one).recorded(position)
    arrivals.shown(2n)
    assert.strictEqual(arrivals.total, 3)
    arrivals.shown(3n)
    assert.strictEqual(arrivals.total, 1)
  })
})
