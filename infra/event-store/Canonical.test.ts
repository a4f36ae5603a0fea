import { assert, describe, it } from "@effect/vitest"
import canonicalize from "canonicalize"
import { Schema } from "effect"
import { canonical } from "./Canonical.ts"

/** What comes of it, a refusal included. */
const written = (write: () => string | undefined) => {
  try {
    return write()
  } catch {
    return "(refused)"
  }
}

describe("canonical JSON", () => {
  it.prop("is what the library writes, whatever order the members are in", [Schema.Json], ([value]) => {
    assert.deepStrictEqual(
      written(() => canonical(value)),
      written(() => canonicalize(value))
    )
  })

  it("sorts by UTF-16 code units, also members that look like numbers", () => {
    for (const value of [
      { b: 1, a: { d: 1, c: 2 } },
      { 10: 1, 9: 2 },
      { "\u{1f600}": 1, "\ufb33": 2 },
      [{ z: 1, y: 0 }]
    ]) {
      assert.strictEqual(canonical(value), canonicalize(value))
    }
    assert.strictEqual(canonical({ b: 1, a: 2 }), '{"a":2,"b":1}')
  })

  it("refuses what JSON cannot say, in order or not", () => {
    for (const value of [{ a: Number.NaN }, { a: Number.POSITIVE_INFINITY }, { a: "\ud800" }, { "\udfff": 1 }]) {
      assert.throws(() => canonical(value))
    }
    assert.strictEqual(canonical({ a: "\\ud800 is only text" }), '{"a":"\\\\ud800 is only text"}')
  })
})
