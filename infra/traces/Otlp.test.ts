import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Metric, Redacted, Scope } from "effect"
import { Traces } from "#domain/ports/Tracing.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import * as Otlp from "./Otlp.ts"

/** What a collector was sent; `answer` says with what status, or never. */
const collector = (answer: (count: number) => number | undefined) =>
  Effect.gen(function* () {
    const bodies: Array<string> = []
    const server = createServer((request, response) => {
      let text = ""
      request.setEncoding("utf8").on("data", (some) => {
        text += some
      })
      request.on("end", () => {
        bodies.push(text)
        const status = answer(bodies.length)
        if (status !== undefined) response.writeHead(status).end("what it says is not read")
      })
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/otlp/`)
    return { bodies, endpoint }
  })

const tracesTo = (endpoint: URL, more: Partial<Otlp.Options> = {}) =>
  Effect.map(
    Layer.build(Layer.fresh(Otlp.layer({ endpoint, service: "homing", version: "1", share: 1, ...more }))),
    (services) => Context.get(services, Traces)!
  )

const spansIn = (bodies: ReadonlyArray<string>) =>
  bodies.flatMap((text) => JSON.parse(text).resourceSpans[0].scopeSpans[0].spans as ReadonlyArray<{ name: string }>)

const dropped = (reason: string) =>
  Effect.map(
    Metric.value(
      Metric.counter("homing_trace_spans_dropped_total", {
        description: "Spans that no collector took, by why.",
        attributes: { reason },
        incremental: true
      })
    ),
    ({ count }) => Number(count)
  )

describe("traces go to a collector", () => {
  it.live("as OTLP has them, and what is left goes at the end", () =>
    Effect.gen(function* () {
      const { bodies, endpoint } = yield* collector(() => 200)
      const scope = yield* Scope.make()
      const traces = yield* Effect.provideService(tracesTo(endpoint), Scope.Scope, scope)
      traces.enter("request", undefined)!.end({ "http.route": "/v1/messages", "http.response.status_code": 201 }, true)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      const [resource] = JSON.parse(bodies[0]!).resourceSpans
      assert.deepStrictEqual(resource.resource.attributes[0], {
        key: "service.name",
        value: { stringValue: "homing" }
      })
      const [span] = resource.scopeSpans[0].spans
      assert.deepStrictEqual(
        [span.name, span.kind, span.status, "parentSpanId" in span],
        ["request", 2, { code: 2 }, false]
      )
      assert.deepStrictEqual(span.attributes, [
        { key: "http.route", value: { stringValue: "/v1/messages" } },
        { key: "http.response.status_code", value: { intValue: "201" } }
      ])
      assert.match(span.startTimeUnixNano, /^\d{19}$/)
      assert.isBelow(Math.abs(Number(span.endTimeUnixNano) / 1e6 - Date.now()), 60_000)
    })
  )

  it.live("which gets them again when it could not take them", () =>
    Effect.gen(function* () {
      const { bodies, endpoint } = yield* collector((count) => (count === 1 ? 503 : 200))
      const traces = yield* tracesTo(endpoint)
      traces.enter("request", undefined)!.end()
      yield* eventually(
        Effect.sync(() => bodies.length),
        (count) => count === 2
      )
      assert.strictEqual(bodies[0], bodies[1])
    })
  )

  it.live("which loses what it refuses, and that is counted", () =>
    Effect.gen(function* () {
      const before = yield* dropped("refused")
      const { bodies, endpoint } = yield* collector((count) => (count === 1 ? 400 : 200))
      const traces = yield* tracesTo(endpoint, { headers: Redacted.make({ "x-key": "hush" }) })
      traces.enter("request", undefined)!.end()
      yield* eventually(
        Effect.sync(() => bodies.length),
        (count) => count === 1
      )
      yield* eventually(dropped("refused"), (count) => count === before + 1)
      traces.enter("accept", undefined)!.end()
      yield* eventually(
        Effect.sync(() => spansIn(bodies).map(({ name }) => name)),
        (names) => names.length === 2 && names[1] === "accept"
      )
    })
  )

  it.live("whose silence holds nobody: so many wait, and the others are dropped and counted", () =>
    Effect.gen(function* () {
      const before = yield* dropped("queue_full")
      const { bodies, endpoint } = yield* collector(() => undefined)
      const scope = yield* Scope.make()
      const traces = yield* Effect.provideService(tracesTo(endpoint, { timeoutMillis: 200 }), Scope.Scope, scope)
      const begun = performance.now()
      for (let i = 0; i < 5_000; i++) traces.enter("request", undefined)!.end()
      assert.isBelow(performance.now() - begun, 5_000)
      assert.strictEqual((yield* dropped("queue_full")) - before, 5_000 - 4_096)
      yield* eventually(
        Effect.sync(() => bodies.length),
        (count) => count >= 1
      )
      assert.lengthOf(spansIn(bodies.slice(0, 1)), 512)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void)) // ends although it answers nothing
    })
  )
})
