import { assert, describe, it } from "@effect/vitest"
import { dice } from "../crash/Dice.ts"
import { longest, spelled } from "./Spelling.ts"

describe("spelling", () => {
  it("is the same said in other bytes, and never more of them than Meta sends", () => {
    const payload = { object: "é/".repeat(400_000), entry: [] }
    const spellings = Array.from({ length: 40 }, (_, seed) => spelled(payload, dice(seed)))
    for (const bytes of spellings) {
      assert.isAtMost(bytes.length, longest)
      assert.deepStrictEqual(JSON.parse(bytes.toString()), payload)
    }
    const short = Array.from({ length: 40 }, (_, seed) => spelled({ object: "é/" }, dice(seed)).toString())
    assert.isAtLeast(new Set(short).size, 3)
  })
})
