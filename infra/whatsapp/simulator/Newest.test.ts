import { assert, describe, it } from "@effect/vitest"
import { Newest } from "./Newest.ts"

describe("what is kept of the newest", () => {
  it("is so much of all owners together, each by itself, and in its order", () => {
    const newest = new Newest<number>(3)
    const [ann, ben] = [newest.shelf("ann"), newest.shelf("ben")]
    ann.set("a", 1)
    ben.set("a", 2)
    ann.set("b", 3)
    ann.set("a", 4)
    assert.deepStrictEqual([ann.values(), ben.values()], [[4, 3], [2]])
    ben.set("c", 5)
    assert.deepStrictEqual([ann.get("a"), ann.get("b"), ben.get("a"), ben.get("c")], [undefined, 3, 2, 5])
  })
})
