import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mostEndpoints } from "#services/webhooks/Endpoints.ts"
import { eventually, text } from "./Homing.ts"
import { isVerified, receiver } from "./Receiver.ts"
import { arrived, endpoint, listed, messages, scene, typesOf } from "./WebhookScene.ts"

describe("the endpoint of a webhook", () => {
  it.live("has its place among so many endpoints", () =>
    Effect.gen(function* () {
      const { call } = yield* scene()
      const url = "https://hooks.example/"
      const made = yield* Effect.forEach(
        Array.from({ length: mostEndpoints }),
        () => call("POST", "/v1/endpoints", { url }),
        { concurrency: 8 }
      )
      assert.deepStrictEqual([...new Set(made.map(({ status }) => status))], [201])
      const one = yield* call("POST", "/v1/endpoints", { url })
      assert.deepStrictEqual([one.status, one.body.code], [409, "too_many_endpoints"])
      yield* call("DELETE", `/v1/endpoints/${made[0]!.body.id}`)
      assert.strictEqual((yield* call("POST", "/v1/endpoints", { url })).status, 201)
    })
  )

  it.live("is refused where nothing may be sent, and can be tried out", () =>
    Effect.gen(function* () {
      const { call } = yield* scene()
      for (const [url, code] of [
        ["https://169.254.169.254/latest", "address_refused"],
        ["ftp://hooks.example/", "address_refused"],
        ["https://user:pass@hooks.example/", "address_refused"],
        ["", "invalid_request"]
      ]) {
        const { body, status } = yield* call("POST", "/v1/endpoints", { url })
        assert.deepStrictEqual([status, body.code], [422, code], url)
      }
      const there = yield* receiver(() => 201)
      const { id, secret } = yield* endpoint({ call }, there.url)
      const tested = yield* call("POST", `/v1/endpoints/${id}/test`, {})
      assert.deepStrictEqual([tested.status, tested.body.status], [200, 201])
      assert.deepStrictEqual(typesOf(there.arrivals), ["homing.endpoint.test.v1"])
      assert.isTrue(isVerified(secret, there.arrivals[0]!))
      assert.strictEqual((yield* call("DELETE", `/v1/endpoints/${id}`)).status, 204)
      assert.strictEqual((yield* call("GET", `/v1/endpoints/${id}`)).status, 404)
      assert.deepStrictEqual((yield* call("GET", "/v1/endpoints")).body.items, [])
    })
  )

  it.live("that answers 410 disables its endpoint, and goes on when that is enabled again", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      let status = 410
      const there = yield* receiver(() => status)
      const { id } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      yield* call("POST", "/v1/messages", text(device))
      const gone = yield* eventually(call("GET", `/v1/endpoints/${id}`), ({ body }) => body.state === "disabled")
      assert.strictEqual(gone.body.reason, "gone")
      yield* call("POST", "/v1/messages", text(device)) // not delivered, now or later
      yield* Effect.sleep("500 millis")
      assert.lengthOf(there.arrivals, 1)
      status = 200
      const enabled = yield* call("PATCH", `/v1/endpoints/${id}`, { enabled: true })
      assert.deepStrictEqual([enabled.body.state, enabled.body.reason], ["enabled", null])
      yield* arrived(there.arrivals, 2)
      assert.strictEqual(there.arrivals[1]!.id, there.arrivals[0]!.id)
      yield* Effect.sleep("300 millis")
      assert.lengthOf(there.arrivals, 2)
    })
  )

  it.live("at an endpoint where nothing arrives for long ends, and begins anew when that is enabled", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene({ delaysMillis: [0, 1_000, 1_000], patienceMillis: 1_900 })
      let isUp = false
      const there = yield* receiver((_, count) => (isUp && count > 4 ? 200 : 500))
      const { id } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      yield* call("POST", "/v1/messages", text(device))
      const ended = yield* eventually(call("GET", `/v1/endpoints/${id}`), ({ body }) => body.state === "disabled")
      assert.strictEqual(ended.body.reason, "failing")
      isUp = true
      assert.strictEqual((yield* call("PATCH", `/v1/endpoints/${id}`, { enabled: true })).body.state, "enabled")
      yield* call("POST", "/v1/messages", text(device))
      yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === 1)
      assert.strictEqual((yield* call("GET", `/v1/endpoints/${id}`)).body.state, "enabled")
      assert.lengthOf(there.arrivals, 5) // three, then one more that failed
    })
  )

  it.live("for which too much waits is told nothing more, somebody is told so, and nothing that waits is lost", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene({
        delaysMillis: [0, ...Array(40).fill(500)],
        mostPending: 3,
        lookMillis: 100
      })
      let status = 503
      const there = yield* receiver(() => status)
      const { id } = yield* endpoint({ call }, there.url)
      yield* Effect.forEach([1, 2, 3], () => call("POST", "/v1/messages", text(device)))
      const ended = yield* eventually(call("GET", `/v1/endpoints/${id}`), ({ body }) => body.state === "disabled")
      assert.strictEqual(ended.body.reason, "backlog")
      const health = yield* eventually(call("GET", "/health/detailed"), ({ body }) => body.warnings.length > 0)
      assert.deepStrictEqual([health.body.status, health.body.warnings], ["degraded", ["endpoint_disabled"]])
      const suspended = /homing_deliveries_suspended [4-6]\n/ // counted every so often
      const { body: metrics } = yield* eventually(call("GET", "/metrics"), ({ body }) => suspended.test(body.text))
      assert.match(metrics.text, /homing_delivery_attempts_total\{outcome="5xx"\} [1-9]/)
      const pending = (yield* listed({ call }, id, "&status=pending")).length
      assert.isAtLeast(pending, 4)
      status = 200
      yield* call("PATCH", `/v1/endpoints/${id}`, { enabled: true })
      yield* eventually(listed({ call }, id, "&status=delivered"), ({ length }) => length === pending)
      assert.strictEqual((yield* listed({ call }, id)).length, pending)
    })
  )
})
