import { assert, describe, it } from "@effect/vitest"
import type { Span } from "../ports/Tracing.ts"
import { tracing } from "./Spans.ts"
import { parse } from "./Traceparent.ts"

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
const span = "00f067aa0ba902b7"

const scene = (share: number) => {
  const over: Array<Span> = []
  let now = 0
  return { over, ...tracing({ share, now: () => ++now, take: (one) => void over.push(one) }) }
}

describe("spans", () => {
  it("go on with the caller's trace, whatever the share", () => {
    const { begin, enter, over } = scene(0)
    const request = enter("request", `00-${trace}-${span}-01`)!
    const accept = begin("accept", request.traceparent)!
    accept.end()
    accept.end() // says nothing new
    request.end({ "http.route": "/v1/messages" }, true)
    const told = over.map(({ isFailed, kind, name, parent, trace }) => ({ isFailed, kind, name, parent, trace }))
    assert.deepStrictEqual(told, [
      { name: "accept", kind: "internal", isFailed: false, trace, parent: parse(request.traceparent)!.span },
      { name: "request", kind: "server", isFailed: true, trace, parent: span }
    ])
    assert.isTrue(over.every(({ begun, ended }) => begun < ended))
  })

  it("are not made in a trace that is not sampled, whose context is handed on", () => {
    const { begin, enter, over } = scene(1)
    const given = `00-${trace}-${span}-00`
    const request = enter("request", given)!
    const accept = begin("accept", request.traceparent)!
    accept.end()
    request.end()
    assert.deepStrictEqual([request.traceparent, accept.traceparent, over.length], [given, given, 0])
  })

  it("begin a trace where none is given, or a broken one, as often as they shall", () => {
    const always = scene(1)
    for (const given of [undefined, "nonsense"]) {
      const request = always.enter("request", given)!
      request.end()
      assert.match(request.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    }
    assert.deepStrictEqual(
      always.over.map(({ parent }) => parent),
      [undefined, undefined]
    )
    assert.notStrictEqual(always.over[0]!.trace, always.over[1]!.trace)
    const never = scene(0)
    assert.deepStrictEqual(
      [never.enter("request", undefined), never.enter("request", "nonsense")],
      [undefined, undefined]
    )
  })

  it("stand in no trace where none is kept", () => {
    const { begin } = scene(1)
    assert.deepStrictEqual([begin("take", undefined), begin("take", "nonsense")], [undefined, undefined])
  })
})
