import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { utf8 } from "../Bytes.ts"
import type { JsonObject } from "../Json.ts"
import { readObject } from "../meta/MetaJson.ts"
import { mask, masked, masksIn } from "./Masking.ts"

const read = (text: string) => readObject(utf8(text))!
const textOf = (text: string, masks: string) => JSON.stringify(masked(read(text), masksIn(masks)!))

/** Every value under such a name, wherever it stands. */
const under = (value: unknown, name: string): ReadonlyArray<unknown> => {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => (key === name ? [one] : under(one, name)))
}

describe("what is masked", () => {
  it("are members of these names, and nothing else changes, numbers neither", () => {
    const text =
      '{"a":{"body":"x","n":12345678901234567890},"text":{"body":"y","more":[1.10,{"body":{"deep":1}}]},"body2":"z"}'
    assert.strictEqual(
      textOf(text, "text.body"),
      '{"a":{"body":"x","n":12345678901234567890},"text":{"body":"(masked)","more":[1.10,{"body":{"deep":1}}]},"body2":"z"}'
    )
    assert.strictEqual(
      textOf(text, "body, n"),
      '{"a":{"body":"(masked)","n":"(masked)"},"text":{"body":"(masked)","more":[1.10,{"body":"(masked)"}]},"body2":"z"}'
    )
    assert.strictEqual(textOf('{"b":1,"body":"x","body":"y"}', "body"), '{"b":1,"body":"(masked)"}')
  })

  it("is said as a list of names", () => {
    for (const text of ["", ",", "a,,b", "a b", "a..b", ".a", "a.", "a/b"]) assert.isUndefined(masksIn(text), text)
    assert.deepStrictEqual(masksIn(" text.body,name , name"), [["text", "body"], ["name"]])
  })

  it.prop(
    "leaves no value under its name, and every other member",
    [Schema.Record(Schema.String, Schema.Json)],
    ([value]) => {
      const given = { deep: [value, { secret: value }], other: value } as JsonObject
      const said = masked(given, [["secret"]])
      assert.deepStrictEqual([...new Set(under(said, "secret"))], [mask])
      const names = (one: unknown): ReadonlyArray<string> =>
        typeof one !== "object" || one === null
          ? []
          : Object.entries(one).flatMap(([name, member]) => [name, ...(name === "secret" ? [] : names(member))])
      assert.deepStrictEqual(names(said), names(given))
    }
  )
})
