import { request as httpRequest } from "node:http"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { DeviceId } from "#domain/Ids.ts"
import * as InProcessLimits from "#infra/limits/InProcess.ts"
import { trustOf } from "../http/ClientAddress.ts"
import type { SendRequest } from "../messages/Messages.ts"
import { apiKey, ask, baseUrl, documentOf, gateway, isProblem, message } from "../testing/GatewayFixture.ts"

type Options = NonNullable<Parameters<typeof gateway>[0]>["options"]
const none = { messages: 0, devices: 0, device: 0, address: 0, total: 0 }
const limited = (rateLimits: Partial<typeof none>, more: Options = {}) =>
  gateway({
    messages: {
      send: (_, request) => Effect.succeed({ document: documentOf(request), repeated: false, answered: true }),
      repeat: (_, request: SendRequest) =>
        Effect.succeed(
          request.idempotencyKey === "known"
            ? { document: documentOf(request), repeated: true, answered: true }
            : undefined
        ),
      list: () => Effect.succeed({ items: [], next: undefined })
    },
    options: { rateLimits: { ...none, ...rateLimits }, ...more },
    limits: Layer.provide(InProcessLimits.layer, TestClock.layer()) // nothing comes back meanwhile
  })

const send = (key: string, more: object = {}) =>
  ask("POST", "/v1/messages", { body: { ...message, ...more }, headers: { "idempotency-key": key } })
const list = (key = apiKey) => ask("GET", "/v1/messages", { key })

type Answer = Effect.Success<ReturnType<typeof ask>>
const rates = ({ headers }: Answer) => [headers.get("ratelimit"), headers.get("ratelimit-policy")]
const refusedBy = (answer: Answer, name: string, quota: number) => {
  isProblem(answer, "rate_limited")
  assert.strictEqual(answer.json.detail, `The limit "${name}" is ${quota} requests in 60 seconds.`)
  const seconds = Math.ceil(60 / quota)
  assert.strictEqual(answer.headers.get("retry-after"), String(seconds))
  assert.include(answer.headers.get("ratelimit"), `"${name}";r=0;t=${seconds}`)
  assert.include(answer.headers.get("ratelimit-policy"), `"${name}";q=${quota};w=60`)
}

layer(limited({ messages: 3, devices: 2 }), { excludeTestServices: true })("a key's limits", (it) => {
  it.effect("count every request to the messages, and are told in each answer", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(rates(yield* list()), ['"messages";r=2;t=20', '"messages";q=3;w=60'])
      assert.deepStrictEqual(rates(yield* send("k")), ['"messages";r=1;t=20', '"messages";q=3;w=60'])
      const flawed = yield* send("k", { to: 1 })
      isProblem(flawed, "invalid_request")
      assert.deepStrictEqual(rates(flawed), ['"messages";r=0;t=20', '"messages";q=3;w=60'])
      refusedBy(yield* list(), "messages", 3)
      refusedBy(yield* send("known"), "messages", 3)
    })
  )

  it.effect("are met before the body is read", () =>
    Effect.gen(function* () {
      const url = yield* baseUrl
      const status = yield* Effect.callback<number | undefined>((resume) => {
        const headers = { "x-api-key": apiKey, "content-type": "application/json", "content-length": "100000" }
        const request = httpRequest(`${url}/v1/messages`, { method: "POST", headers })
        request.on("response", (response) => {
          resume(Effect.succeed(response.statusCode))
          request.destroy()
        })
        request.on("error", () => {})
        request.flushHeaders() // and never a byte of the body
      })
      assert.strictEqual(status, 429)
    })
  )

  it.effect("are one for each kind of thing, and for each key", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(rates(yield* ask("GET", "/v1/devices")), ['"devices";r=1;t=30', '"devices";q=2;w=60'])
      assert.strictEqual((yield* ask("GET", "/v1/devices")).status, 200)
      refusedBy(yield* ask("GET", "/v1/devices"), "devices", 2)
      const { json } = yield* ask("POST", "/v1/clients", { body: { name: "shop", scopes: ["messages:read"] } })
      assert.deepStrictEqual(rates(yield* list(json.key.secret)), ['"messages";r=2;t=20', '"messages";q=3;w=60'])
    })
  )

  it.effect("are counted", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* ask("GET", "/metrics")
      assert.match(text, /homing_requests_limited_total\{limit="messages"\} [1-9]/)
      assert.isNull(headers.get("ratelimit"))
    })
  )
})

layer(limited({ messages: 10, device: 2 }), { excludeTestServices: true })("a device's limit", (it) => {
  const other = DeviceId.make("99999999-9999-7999-8999-999999999999")
  const policy = '"messages";q=10;w=60, "device";q=2;w=60'

  it.effect("counts sends, and never stands against the answer to a repeat", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(rates(yield* send("a")), ['"messages";r=9;t=6, "device";r=1;t=30', policy])
      assert.deepStrictEqual(rates(yield* send("b")), ['"messages";r=8;t=6, "device";r=0;t=30', policy])
      const refused = yield* send("new")
      refusedBy(refused, "device", 2)
      assert.strictEqual(refused.headers.get("idempotency-key"), "new")
      const repeated = yield* send("known")
      assert.strictEqual(repeated.status, 200)
      assert.deepStrictEqual(rates(repeated), ['"messages";r=6;t=6, "device";r=0;t=30', policy])
      assert.strictEqual((yield* send("new", { device: other })).status, 201)
      assert.strictEqual((yield* list()).status, 200)
    })
  )

  it.effect("loses nothing to a key that is over its own", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 4; i++) yield* list()
      refusedBy(yield* send("one more", { device: other }), "messages", 10)
      const { json } = yield* ask("POST", "/v1/clients", { body: { name: "shop", scopes: ["messages:send"] } })
      const body = { ...message, device: other }
      const { headers } = yield* ask("POST", "/v1/messages", { key: json.key.secret, body })
      assert.strictEqual(headers.get("ratelimit"), '"messages";r=9;t=6, "device";r=0;t=30')
    })
  )
})

layer(limited({ address: 4, total: 9 }, { trustProxy: trustOf("1") }), { excludeTestServices: true })(
  "the limits of an address and of everybody",
  (it) => {
    const from = (address: string, path = "/v1/messages", key = apiKey) =>
      ask("GET", path, { key, headers: { "x-forwarded-for": address } })

    it.effect("count whatever comes, with or without a key, and are told when they are met", () =>
      Effect.gen(function* () {
        const statuses = []
        for (const path of ["/v1/messages", "/nothing", "/openapi.json", "/v1/devices"]) {
          const answer = yield* from("192.0.2.1", path, path === "/v1/devices" ? "nobody's" : apiKey)
          assert.deepStrictEqual(rates(answer), [null, null])
          statuses.push(answer.status)
        }
        assert.deepStrictEqual(statuses, [200, 404, 200, 401])
        refusedBy(yield* from("192.0.2.1"), "address", 4)
        refusedBy(yield* from("192.0.2.1", "/nothing", ""), "address", 4)
      })
    )

    it.effect("leave others in peace until everybody together is too much", () =>
      Effect.gen(function* () {
        for (let i = 0; i < 4; i++) assert.strictEqual((yield* from("2001:db8::1")).status, 200)
        refusedBy(yield* from("2001:db8::ffff:2"), "address", 4)
        assert.strictEqual((yield* from("192.0.2.3")).status, 200)
        refusedBy(yield* from("192.0.2.4"), "total", 9)
      })
    )

    it.effect("do not make the process look dead", () =>
      Effect.gen(function* () {
        for (const path of ["/health", "/health/ready", "/health?_=1", "/health/ready?_=1"])
          assert.strictEqual((yield* from("192.0.2.1", path)).status, 200)
      })
    )
  }
)

layer(Layer.fresh(limited({ address: 1 })), { excludeTestServices: true })("without a proxy that is trusted", (it) => {
  it.effect("X-Forwarded-For changes nothing", () =>
    Effect.gen(function* () {
      const from = (address: string) => ask("GET", "/v1/messages", { headers: { "x-forwarded-for": address } })
      assert.strictEqual((yield* from("192.0.2.1")).status, 200)
      refusedBy(yield* from("192.0.2.2"), "address", 1)
    })
  )
})
