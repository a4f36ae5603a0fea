import { assert, describe, it } from "@effect/vitest"
import * as Csv from "./Csv.ts"

describe("a line of a table", () => {
  it("is as RFC 4180 has it, whatever stands in it", () => {
    assert.strictEqual(Csv.line(["a", "", 'b "c", d', "e\r\nf"]), '"a","","b ""c"", d","e\r\nf"\r\n')
  })

  it("has nothing in it that a spreadsheet would calculate", () => {
    for (const name of ["=1+1", "+1+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("https://x.y")']) {
      assert.strictEqual(Csv.line([name]), `"'${name.replaceAll('"', '""')}"\r\n`)
    }
    for (const name of ["+60123456789", "Ali = Siti", " -"]) assert.strictEqual(Csv.line([name]), `"${name}"\r\n`)
  })
})
