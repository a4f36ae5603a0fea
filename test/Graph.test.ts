import { assert, it } from "@effect/vitest"
import { circles } from "./Graph.ts"

it("sees a circle", () => {
  assert.deepStrictEqual(
    circles([
      ["a", "b"],
      ["b", "c"],
      ["c", "b"]
    ]),
    ["b", "c"]
  )
})
