import { assert, describe, it } from "@effect/vitest"
import { declared } from "../Config.ts"
import { type ErrorCode, errorCodes } from "./ErrorCodes.ts"
import { problem } from "./Problems.ts"
import { remedies } from "./Remedies.ts"

const variables = declared.map(({ variable }) => variable)
const codes = Object.keys(errorCodes) as ReadonlyArray<ErrorCode>

describe("a problem", () => {
  it("of the gateway's own says what to do about it, and no other does by itself", () => {
    for (const code of codes) {
      const { detail, status } = problem(code)
      assert.strictEqual(detail !== undefined, status >= 500, code)
    }
  })

  it("says what is wrong in particular where that is known", () => {
    assert.strictEqual(problem("internal", { detail: "a disk burns" }).detail, "a disk burns")
  })

  it("names settings that there are", () => {
    const named = Object.values(remedies).flatMap((remedy) => remedy.match(/\b[A-Z]+_[A-Z_]+\b/g) ?? [])
    assert.isAbove(named.length, 0)
    for (const name of named) assert.include(variables, name)
  })
})
