import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { type Span, Traces } from "#domain/ports/Tracing.ts"
import { tracing } from "#domain/tracing/Spans.ts"
import * as Otlp from "#infra/traces/Otlp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { arrived, route, scene, target } from "./ForwardingScene.ts"
import { connectedDevice, eventually, folder, start, text } from "./Homing.ts"
import { changed, message, post } from "./MetaFixture.ts"
import { receiver } from "./Receiver.ts"

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
const traceparent = `00-${trace}-00f067aa0ba902b7-01`

const traced = () => {
  const over: Array<Span> = []
  return { over, traces: tracing({ share: 1, now: () => performance.now(), take: (span) => void over.push(span) }) }
}

const sent = Effect.fnUntraced(function* (headers: Record<string, string>, words = "hello") {
  const homing = yield* start(yield* folder, AcknowledgesAtOnce.layer)
  const device = yield* connectedDevice(homing)
  const { body, status } = yield* homing.call("POST", "/v1/messages", text(device, words), headers)
  assert.deepStrictEqual([status, body.status], [201, "sent"])
  return body
})

describe("traces", () => {
  it.live("follow what Meta tells: kept, taken apart, and handed on, whose request says where", () =>
    Effect.gen(function* () {
      const { over, traces } = traced()
      const homing = yield* Effect.provideService(scene(), Traces, traces)
      const there = yield* receiver()
      yield* target(homing, "there", there.url)
      yield* route(homing, { others: ["there"] })
      const told = changed({ messages: [message("A", "a canary", "5511987654321")] })
      assert.strictEqual((yield* post(homing.url, JSON.stringify(told))).status, 200)
      yield* arrived(there.arrivals, 1)
      const named = (name: string) => over.find((span) => span.name === name)
      yield* eventually(
        Effect.sync(() => ["keep", "split", "forward"].map(named)),
        (spans) => spans.every((span) => span !== undefined)
      )
      const [keep, split, forward] = [named("keep")!, named("split")!, named("forward")!]
      assert.deepStrictEqual([keep.parent, split.parent, forward.parent], [undefined, keep.span, split.span])
      assert.deepStrictEqual([split.trace, forward.trace], [keep.trace, keep.trace])
      assert.strictEqual(there.arrivals[0]!.headers.traceparent, `00-${keep.trace}-${forward.span}-01`)
      for (const word of ["canary", "5511987654321"]) assert.notInclude(JSON.stringify(over), word)
    })
  )

  it.live("begin anew where what a request brings along is broken", () =>
    Effect.gen(function* () {
      const { over, traces } = traced()
      yield* Effect.provideService(sent({ traceparent: `${traceparent}-more` }), Traces, traces)
      const request = over.find(({ attributes }) => attributes["http.route"] === "/v1/messages")!
      assert.deepStrictEqual([request.parent, request.trace === trace], [undefined, false])
      assert.strictEqual(over.find(({ name }) => name === "send")!.trace, request.trace)
    })
  )

  it.live("are not made of a trace that its caller does not want", () =>
    Effect.gen(function* () {
      const { over, traces } = traced()
      const unwanted = `00-${trace}-00f067aa0ba902b7-00`
      yield* Effect.provideService(sent({ traceparent: unwanted }), Traces, traces)
      assert.deepStrictEqual(
        over.filter(({ name }) => name !== "request"),
        []
      )
    })
  )

  it.live("hold no send when there is no collector", () =>
    Effect.gen(function* () {
      const endpoint = new URL("http://127.0.0.1:9") // nobody listens there
      const services = yield* Layer.build(Otlp.layer({ endpoint, service: "homing", version: "1", share: 1 }))
      assert.isDefined(Context.get(services, Traces))
      yield* Effect.provideContext(sent({ traceparent }), services)
    })
  )
})
