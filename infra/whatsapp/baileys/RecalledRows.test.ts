import { assert, it } from "@effect/vitest"
import { recalling } from "./RecalledRows.ts"

it("is asked once for what nobody has written, absence too, and never remembers what is secret", () => {
  const asked: Array<string> = []
  const rows = new Map([["a lid-mapping 1", "11"]])
  const { cleared, get, written } = recalling((...name) => {
    asked.push(name.join(" "))
    return rows.get(name.join(" "))
  })
  for (const _ of [1, 2]) {
    assert.strictEqual(get("a", "lid-mapping", "1"), "11")
    assert.isUndefined(get("b", "lid-mapping", "1"))
    assert.isUndefined(get("b", "tctoken", "1"))
    assert.isUndefined(get("a", "session", "1"))
  }
  assert.deepStrictEqual(asked, ["a lid-mapping 1", "b lid-mapping 1", "b tctoken 1", "a session 1", "a session 1"])
  rows.set("a lid-mapping 1", "12")
  written("a", [{ type: "lid-mapping", id: "1", value: "12" }])
  assert.strictEqual(get("a", "lid-mapping", "1"), "12")
  rows.clear()
  cleared()
  assert.isUndefined(get("a", "lid-mapping", "1"))
})
