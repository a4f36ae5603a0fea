import { assert, it } from "@effect/vitest"
import { portions } from "./Portions.ts"

it("is all of it in its order, in no more at a time than is borne, but for what is too much by itself", () => {
  const of = (...sizes: ReadonlyArray<number>) => portions(sizes, (size) => size, { items: 3, bytes: 10 })
  assert.deepStrictEqual(of(), [])
  assert.deepStrictEqual(of(1, 2, 3, 4), [[1, 2, 3], [4]])
  assert.deepStrictEqual(of(5, 5, 1, 11, 9, 1), [[5, 5], [1], [11], [9, 1]])
})
