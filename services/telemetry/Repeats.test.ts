import { assert, it } from "@effect/vitest"
import * as Repeats from "./Repeats.ts"

it("a line that comes twice a second is written three times a minute, and counted", () => {
  let now = 0
  const leftOut = Repeats.make(() => now)
  const minute = () =>
    Array.from({ length: 120 }, () => {
      const answer = leftOut("the bus is away")
      now += 500
      return answer
    }).filter((answer) => answer !== undefined)
  assert.deepStrictEqual([minute(), minute(), leftOut("another line")], [[0, 0, 0], [117, 0, 0], 0])
})

it("remembers no more lines than it may", () => {
  const leftOut = Repeats.make(() => 0)
  for (let i = 0; i < 4; i++) leftOut("first")
  for (let i = 0; i < 1_000; i++) leftOut(`${i}`)
  assert.strictEqual(leftOut("first"), 0)
})
