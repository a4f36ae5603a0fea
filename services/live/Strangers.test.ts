import { assert, describe, it } from "@effect/vitest"
import * as Strangers from "./Strangers.ts"

const scene = (most: number, mostPerAddress: number) => {
  let now = 0
  const strangers = Strangers.make({ most, mostPerAddress, now: () => now })
  const sent: Array<string> = []
  const enter = (address: string, name = address) => strangers.enter(address, () => sent.push(name))
  const passes = (millis: number) => {
    now += millis
  }
  return { ...strangers, enter, sent, passes }
}

describe("those who have not said their key", () => {
  it("are so many of one address", () => {
    const { count, enter } = scene(10, 2)
    const leave = enter("a")!
    enter("a")
    assert.isUndefined(enter("a"))
    assert.isDefined(enter("b"))
    leave()
    leave()
    assert.strictEqual(count(), 2)
    assert.isDefined(enter("a"))
  })

  it("make room for another address, the longest of the most crowded first", () => {
    const { count, enter, sent } = scene(5, 3)
    for (const name of ["a1", "b1", "a2", "a3", "b2"]) enter(name[0]!, name)
    for (const name of ["c1", "d1", "e1"]) assert.isDefined(enter(name[0]!, name))
    assert.deepStrictEqual(sent, ["a1", "a2", "b1"])
    // each has one: nobody has more right to it
    assert.isUndefined(enter("f", "f1"))
    assert.strictEqual(count(), 5)
  })

  it("of many addresses with one each keep nobody out for longer than a key takes to be said", () => {
    const { count, enter, passes, sent } = scene(3, 3)
    for (const name of ["a", "b", "c"]) {
      enter(name)
      passes(400)
    }
    assert.isDefined(enter("d"))
    assert.deepStrictEqual(sent, ["a"])
    assert.isUndefined(enter("e")) // none of them has had its time
    passes(200)
    assert.isDefined(enter("e"))
    assert.deepStrictEqual(sent, ["a", "b"])
    passes(10_000)
    assert.isUndefined(enter("e")) // nobody gets more than the others by waiting
    assert.isDefined(enter("f"))
    assert.deepStrictEqual(sent, ["a", "b", "c"])
    assert.strictEqual(count(), 3)
  })
})
