import { assert, it } from "@effect/vitest"
import { cursorOf, positionOf } from "./Cursor.ts"

it("a cursor is understood by its own log, in its own epoch, and by no other", () => {
  const cursor = cursorOf("store:1", 42n)
  assert.strictEqual(positionOf("store:1", cursor), 42n)
  const last = 2n ** 63n - 1n
  assert.strictEqual(positionOf("store:1", cursorOf("store:1", last)), last)
  for (const other of ["store:2", "other:1", "store:", ""]) assert.isUndefined(positionOf(other, cursor))
  for (const text of ["", "42", "!", cursorOf("store:1", -1n), cursorOf("store:1", 2n ** 63n)]) {
    assert.isUndefined(positionOf("store:1", text))
  }
})
