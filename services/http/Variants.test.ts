import { assert, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { flawsOf } from "./Flaws.ts"

const Said = Schema.Union([
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("place"), latitude: Schema.Finite })
])
const Body = Schema.Struct({ content: Said, size: Schema.Union([Schema.Finite, Schema.Boolean]) })

const flaws = (content: unknown, size: unknown = 1) => {
  const decoded = Schema.decodeUnknownResult(Body, { errors: "all", onExcessProperty: "error" })({ content, size })
  return Result.isSuccess(decoded)
    ? []
    : flawsOf(decoded.failure, "body").map(({ expected, pointer }) => `${pointer}: ${expected}`)
}

it("a flaw in one of several kinds is told of the kind that was meant; where none was, of what says which", () => {
  assert.deepStrictEqual(flaws({ type: "text", text: "hello" }), [])
  assert.deepStrictEqual(flaws({ type: "text", text: 1 }), ["/content/text: string"])
  assert.deepStrictEqual(flaws({ type: "place", text: "hello" }), [
    "/content: no members but type, latitude",
    "/content/latitude: a value"
  ])
  for (const none of [{ type: "video" }, { text: "hello" }, "hello", null, []]) {
    assert.deepStrictEqual(flaws(none), ['/content/type: "text" | "place"'])
  }
  assert.deepStrictEqual(flaws({ type: "video" }, "big"), [
    '/content/type: "text" | "place"',
    "/size: number | boolean"
  ])
})
