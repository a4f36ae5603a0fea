import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { inOrder, orderedJson } from "./OrderedJson.ts"
import { Metadata } from "./Recorded.ts"
import { Sealed } from "./Sealed.ts"

const Part = Schema.Struct({ zeal: Schema.String, ardour: Schema.optionalKey(Sealed) })
const Whole = Schema.Struct({
  where: Schema.Union([
    Schema.Struct({ street: Schema.String, part: Part }),
    Schema.Struct({ box: Schema.Int, part: Part, care: Schema.Boolean })
  ]),
  many: Schema.Array(Schema.Int),
  maybe: Schema.optionalKey(Part),
  Any: Schema.Null
})

/** The same with its members from the first to the last name, or the other way round. */
const arranged = <A>(value: A, direction: 1 | -1): A =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? value
    : (Object.fromEntries(
        Object.entries(value)
          .map(([name, member]) => [name, arranged(member, direction)] as const)
          .toSorted(([a], [b]) => (a < b ? -direction : direction))
      ) as A)

describe("what is laid out by its shape", () => {
  for (const [name, shape] of Object.entries({ Whole, Metadata, Sealed })) {
    const layOut = inOrder(shape)
    it.prop(`${name} is in order, wherever its members stood`, [shape as typeof Whole], ([value]) => {
      const laidOut = layOut(arranged(value, -1))
      assert.strictEqual(JSON.stringify(laidOut), JSON.stringify(arranged(value, 1)))
      assert.strictEqual(layOut(laidOut), laidOut)
    })
  }

  it("is in order within what stands in order", () => {
    const value = { many: [], maybe: { zeal: "z", ardour: { subject: "s", key: "1", iv: "", box: "" } } }
    assert.strictEqual(
      orderedJson(inOrder(Whole)(value)),
      '{"many":[],"maybe":{"ardour":{"box":"","iv":"","key":"1","subject":"s"},"zeal":"z"}}'
    )
  })

  it("loses nothing that the shape does not name", () => {
    const value = { zeal: "z", extra: 1 }
    assert.strictEqual(inOrder(Part)(value), value)
    assert.isUndefined(orderedJson(value))
  })
})

describe("ordered JSON", () => {
  it("is nothing that would have to be sorted, or that JSON cannot say", () => {
    for (const value of [
      { b: 1, a: 2 },
      { a: { c: 1, b: 2 } },
      [Number.NaN],
      { a: undefined },
      new Date(0),
      "\ud800"
    ]) {
      assert.isUndefined(orderedJson(value))
    }
    assert.strictEqual(
      orderedJson({ a: [1, { b: null, c: "\u2028" }], b: true }),
      '{"a":[1,{"b":null,"c":"\u2028"}],"b":true}'
    )
  })
})
