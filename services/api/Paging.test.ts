import { assert, it } from "@effect/vitest"
import { Schema } from "effect"
import { paging } from "./Paging.ts"

const decode = Schema.decodeUnknownOption(Schema.Struct(paging({ minimum: 1, maximum: 200, default: 50 })))

it("a number in a query is its digits, and nothing that is a number besides", () => {
  const limits = (asked: ReadonlyArray<string>) => asked.map((limit) => decode({ limit })._tag)
  assert.deepStrictEqual(limits(["1", "50", "200"]), ["Some", "Some", "Some"])
  const others = ["", "0", "01", "1.0", "1e1", "+1", "-1", " 1", "0x1", "201", "9".repeat(20)]
  assert.deepStrictEqual(
    limits(others),
    others.map(() => "None")
  )
})
