import { createServer } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, ask, baseUrl, gateway, message } from "../testing/GatewayFixture.ts"
import { refuseUnreadable } from "./Unreadable.ts"

/** Sends bytes as they are, and hears one answer with a JSON body, or all until the connection ends. */
const exchange = (port: number, ...parts: ReadonlyArray<string | Buffer>) =>
  Effect.callback<string>((resume) => {
    const socket = connect(port, "127.0.0.1")
    let heard = ""
    const done = () => {
      socket.destroy()
      resume(Effect.succeed(heard))
    }
    socket.on("data", (data) => {
      heard += data.toString("latin1")
      if (/\r\n\r\n\{.*\}$/s.test(heard)) done()
    })
    socket.on("close", done).on("error", done)
    for (const part of parts) socket.write(part)
  })

const raw = (...parts: ReadonlyArray<string | Buffer>) =>
  Effect.flatMap(baseUrl, (url) => exchange(Number(new URL(url).port), ...parts))

const head = (...lines: ReadonlyArray<string>) =>
  `${["POST /v1/messages HTTP/1.1", "Host: x", `X-API-Key: ${apiKey}`, ...lines].join("\r\n")}\r\n\r\n`
const json = "Content-Type: application/json"

layer(gateway(), { excludeTestServices: true })("what is too much or broken", (it) => {
  const send = (body: string, headers: Record<string, string> = {}) => ask("POST", "/v1/messages", { body, headers })

  it.effect("a body beyond the limit is refused by its length, before it is read", () =>
    Effect.gen(function* () {
      const heard = yield* raw(head(json, "Content-Length: 1048576"), "{")
      assert.match(heard, /^HTTP\/1.1 413 /)
      assert.match(heard, /"code":"payload_too_large"/)
      const whole = yield* send(JSON.stringify({ ...message, content: { type: "text", text: "x".repeat(1_000_000) } }))
      assert.deepStrictEqual([whole.status, whole.json.code], [413, "payload_too_large"])
    })
  )

  it.effect("and one without a length when it grows beyond it", () =>
    Effect.gen(function* () {
      const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`
      const heard = yield* raw(head(json, "Transfer-Encoding: chunked"), ...Array<string>(9).fill(chunk))
      assert.match(heard, /^HTTP\/1.1 413 /)
      assert.match(heard, /"code":"payload_too_large"/)
    })
  )

  it.effect("one that comes byte by byte is read like any other", () =>
    Effect.gen(function* () {
      const inBytes = (body: string) => `${[...body].map((byte) => `1\r\n${byte}\r\n`).join("")}0\r\n\r\n`
      const long = JSON.stringify({ ...message, content: { type: "text", text: "x".repeat(200_000) } })
      const chunked = [json, "Transfer-Encoding: chunked"]
      for (const more of [[], ["Expect: 100-continue"]]) {
        const heard = yield* raw(head(...chunked, ...more), inBytes(long))
        assert.match(heard, /HTTP\/1.1 422 .*"code":"invalid_request".*"pointer":"\/content\/text"/s)
      }
      const good = yield* raw(head(...chunked), inBytes(JSON.stringify(message)))
      assert.match(good, /^HTTP\/1.1 201 /)
      assert.strictEqual((yield* ask("GET", "/health")).status, 200)
    })
  )

  it.effect("one of very many members is refused before anybody looks at each of them", () =>
    Effect.gen(function* () {
      const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, 1]))
      for (const body of [many(45_000), { ...message, tags: many(45_000) }, { ...message, x: Array(45_000).fill(1) }]) {
        const refused = yield* send(JSON.stringify(body))
        assert.deepStrictEqual([refused.status, refused.json.code], [400, "bad_request"])
        assert.match(refused.json.detail, /too many/)
      }
      assert.strictEqual((yield* send(JSON.stringify({ ...message, ...many(200) }))).json.code, "invalid_request")
    })
  )

  it.effect("a body of another type is refused", () =>
    Effect.gen(function* () {
      const text = JSON.stringify(message)
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data"
      ]) {
        const refused = yield* send(text, { "content-type": type })
        assert.deepStrictEqual([refused.status, refused.json.code], [415, "unsupported_media_type"])
        assert.notInclude(refused.text, type)
      }
      assert.strictEqual((yield* send(text, { "content-type": "Application/JSON; charset=utf-8" })).status, 201)
    })
  )

  it.effect("a body that is not JSON, or not UTF-8, cannot be read", () =>
    Effect.gen(function* () {
      for (const body of ["{", "", "{'a':1}", '{"a":1}x', '{"a":NaN}', "\ufeff{}"]) {
        const refused = yield* send(body)
        assert.deepStrictEqual([refused.status, refused.json.code], [400, "bad_request"], body)
      }
      const heard = yield* raw(head(json, "Content-Length: 9"), Buffer.from('{"a":"\xe9"}', "latin1"))
      assert.match(heard, /^HTTP\/1.1 400 .*The body is not in UTF-8/s)
    })
  )

  it.effect("a body that is no object has a flaw", () =>
    Effect.gen(function* () {
      for (const body of ["null", "[]", "1", '"x"']) {
        const refused = yield* send(body)
        assert.deepStrictEqual([refused.status, refused.json.code], [422, "invalid_request"], body)
        assert.strictEqual(refused.json.errors[0].pointer, "")
      }
    })
  )

  it.effect("nesting has an end", () =>
    Effect.gen(function* () {
      const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`
      const tagged = (depth: number) => JSON.stringify({ ...message, tags: { deep: JSON.parse(nested(depth)) } })
      assert.strictEqual((yield* send(tagged(30))).json.code, "invalid_request")
      for (const body of [tagged(31), nested(200_000), `{"a":`.repeat(50_000)]) {
        const refused = yield* send(body)
        assert.deepStrictEqual([refused.status, refused.json.code], [400, "bad_request"])
      }
    })
  )

  it.effect("what is not HTTP gets a problem too", () =>
    Effect.gen(function* () {
      const nonsense = yield* raw("hello\r\n\r\n")
      assert.match(nonsense, /^HTTP\/1.1 400 .*application\/problem\+json.*"code":"bad_request"/s)
      const smuggled = yield* raw(head(json, "Content-Length: 2", "Transfer-Encoding: chunked"), "{}")
      assert.match(smuggled, /^HTTP\/1.1 400 /)
      const large = yield* raw(head(`X-Large: ${"x".repeat(20_000)}`))
      assert.match(large, /^HTTP\/1.1 431 .*"code":"headers_too_large"/s)
    })
  )

  it.effect("a request that does not come to its end is given up", () =>
    Effect.gen(function* () {
      const impatient = { requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 20 }
      const server = yield* Effect.acquireRelease(
        Effect.sync(() => refuseUnreadable(createServer(impatient))),
        (server) => Effect.sync(() => server.close())
      )
      yield* Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const { port } = server.address() as AddressInfo
      const heard = yield* exchange(port, head(json, "Content-Length: 9"))
      assert.match(heard, /^HTTP\/1.1 408 .*"code":"request_timeout"/s)
    })
  )

  it.effect("a client that asks first is told to go on", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(message)
      const heard = yield* raw(head(json, `Content-Length: ${body.length}`, "Expect: 100-continue"), body)
      assert.match(heard, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201 /)
    })
  )
})

layer(gateway({ options: { connectionLimit: 2 } }), { excludeTestServices: true })("connections", (it) => {
  it.effect("beyond the limit are closed unheard; there is room again when one ends", () =>
    Effect.gen(function* () {
      const port = Number(new URL(yield* baseUrl).port)
      const open = Effect.callback<Socket>((resume) => {
        const socket = connect(port, "127.0.0.1").on("error", () => {})
        socket.on("connect", () => resume(Effect.succeed(socket)))
      })
      const asking = `GET /health HTTP/1.1\r\nHost: x\r\n\r\n`
      const [first, second] = [yield* open, yield* open]
      assert.strictEqual(yield* exchange(port, asking), "")
      first.destroy()
      yield* Effect.repeat(exchange(port, asking), { until: (heard) => heard.startsWith("HTTP/1.1 200 ") })
      second.destroy()
    })
  )
})
