import { assert, describe, it } from "@effect/vitest"
import { normalised, parse } from "./Traceparent.ts"

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
const span = "00f067aa0ba902b7"

describe("a traceparent", () => {
  it("is read as W3C writes it", () => {
    assert.deepStrictEqual(parse(`00-${trace}-${span}-01`), { trace, span, sampled: true })
    assert.deepStrictEqual(parse(`00-${trace}-${span}-00`), { trace, span, sampled: false })
    assert.strictEqual(normalised(`00-${trace}-${span}-ff`), `00-${trace}-${span}-01`) // flags that we do not know
    assert.strictEqual(normalised(`cc-${trace}-${span}-01-what-later-versions-say`), `00-${trace}-${span}-01`)
  })

  it.each([
    "",
    "00",
    `00-${trace}-${span}`,
    `00-${trace}-${span}-01-more`,
    `ff-${trace}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-1`,
    ` 00-${trace}-${span}-01`,
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
    `cc-${trace}-${span}-01-${"m".repeat(600)}`
  ])("is ignored where it is broken: %s", (written) => {
    assert.strictEqual(normalised(written), undefined)
  })
})
