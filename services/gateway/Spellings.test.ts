import { request } from "node:http"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { assertDeclared } from "../../test/Declared.ts"
import { Api } from "../api/Api.ts"
import type { SendRequest } from "../messages/Messages.ts"
import { apiKey, ask, baseUrl, device, documentOf, gateway, isProblem, message } from "../testing/GatewayFixture.ts"

const listed: Array<object> = []
const asked: Array<SendRequest> = []
const app = gateway({
  messages: {
    send: (_, request) => {
      asked.push(request)
      return Effect.succeed({ document: documentOf(request), repeated: false, answered: true })
    },
    list: (filter) => {
      listed.push(filter)
      return Effect.succeed({ items: [], next: undefined })
    }
  }
})

/** What fetch would not do: the same header twice. */
const raw = Effect.fnUntraced(function* (method: string, path: string, headers: ReadonlyArray<string>, body = "") {
  const url = new URL(`${yield* baseUrl}${path}`)
  return yield* Effect.promise(
    () =>
      new Promise<{ readonly status: number; readonly code: string | undefined }>((resolve, reject) => {
        const lines = [...headers, "host", url.host, "content-length", String(Buffer.byteLength(body))]
        request(url, { method, headers: lines }, (answer) => {
          let text = ""
          answer.setEncoding("utf8").on("data", (chunk) => (text += chunk))
          answer.on("end", () => {
            const status = answer.statusCode ?? 0
            assertDeclared(method, path, {
              status,
              headers: new Headers(answer.headers as Record<string, string>),
              text
            })
            resolve({ status, code: JSON.parse(text).code })
          })
        })
          .on("error", reject)
          .end(body)
      })
  )
})

/** Every endpoint that asks for a key. */
const guarded = Object.values(Api.groups)
  .flatMap((group) => Object.values(group.endpoints))
  .filter(({ middlewares }) => middlewares.size > 0)

const bearer = `Bearer ${apiKey}`
const json = ["content-type", "application/json"]
const send = (...headers: ReadonlyArray<string>) => raw("POST", "/v1/messages", headers, JSON.stringify(message))

layer(app, { excludeTestServices: true })("one meaning", (it) => {
  it.effect("of a header that is given twice: none", () =>
    Effect.gen(function* () {
      const key = ["authorization", bearer]
      assert.deepStrictEqual(yield* send(...key, ...json), { status: 201, code: undefined })
      const twice: ReadonlyArray<readonly [code: string, headers: ReadonlyArray<string>]> = [
        ["unauthorized", [...key, "authorization", "Bearer another key of some length", ...json]],
        ["unauthorized", ["authorization", "Bearer another key of some length", ...key, ...json]],
        ["unauthorized", ["x-api-key", apiKey, "x-api-key", "another key of some length", ...json]],
        ["unsupported_media_type", [...key, ...json, "content-type", "text/plain"]],
        ["invalid_request", [...key, ...json, "idempotency-key", "a", "idempotency-key", "b"]],
        ["invalid_request", [...key, ...json, "idempotency-key", '"a"', "idempotency-key", '"a"']]
      ]
      for (const [code, headers] of twice) assert.strictEqual((yield* send(...headers)).code, code, headers.join(" "))
    })
  )

  it.effect("of two ways to present a key: the one, if they present the same", () =>
    Effect.gen(function* () {
      const both = (authorization: string, key: string) =>
        ask("GET", "/v1/devices", { key, headers: { authorization } })
      assert.strictEqual((yield* both(bearer, apiKey)).status, 200)
      for (const authorization of ["Bearer another key of some length", "Basic YTpi", "Bearer"]) {
        isProblem(yield* both(authorization, apiKey), "bad_request")
      }
      isProblem(yield* both(bearer, "another key of some length"), "bad_request")
      for (const authorization of [`bearer ${apiKey}`, `BEARER   ${apiKey}`]) {
        assert.strictEqual((yield* both(authorization, "")).status, 200)
      }
      for (const authorization of [`Bearer${apiKey}`, apiKey, `Token ${apiKey}`]) {
        isProblem(yield* both(authorization, ""), "unauthorized")
      }
    })
  )

  it.effect("of a content type: JSON in UTF-8, whatever stands behind it", () =>
    Effect.gen(function* () {
      const typed = (type: string, more: ReadonlyArray<string> = []) =>
        send("x-api-key", apiKey, "content-type", type, ...more)
      for (const type of [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json ; charset="UTF-8"',
        "application/json;"
      ]) {
        assert.strictEqual((yield* typed(type)).status, 201, type)
      }
      for (const type of "application/jsonp|text/json|application/problem+json|application/json, text/html".split(
        "|"
      )) {
        assert.strictEqual((yield* typed(type)).code, "unsupported_media_type", type)
      }
      assert.strictEqual((yield* typed("application/json", ["content-encoding", "Identity"])).status, 201)
      for (const coding of ["gzip", "br", "identity, gzip"]) {
        const { code } = yield* typed("application/json", ["content-encoding", coding])
        assert.strictEqual(code, "unsupported_media_type", coding)
      }
    })
  )

  it.effect("of a query's member that is given twice: none", () =>
    Effect.gen(function* () {
      for (const name of ["limit", "status", "device", "after"]) {
        const refused = yield* ask("GET", `/v1/messages?${name}=1&${name}=1`)
        isProblem(refused, "invalid_request")
        const flaw = { in: "query", pointer: `/${name}`, expected: "one value; it is given twice" }
        assert.deepStrictEqual(refused.json.errors, [flaw])
      }
      const several = yield* ask("GET", "/v1/messages?limit=1&%6cimit=2&limit=3&after=&device=1&after=&status=read")
      const pointers = several.json.errors.map(({ pointer }: { pointer: string }) => pointer)
      assert.deepStrictEqual(pointers, ["/limit", "/after"])
      assert.deepStrictEqual(listed, [])
    })
  )

  it.effect("of a query's member that the path does not have: none, whatever is asked", () =>
    Effect.gen(function* () {
      listed.length = 0
      const ofApp = ["GET /v1/targets", "GET /v1/routes", "PUT /v1/routes", "POST /v1/routes/explain"]
      const expected: Record<string, RegExp> = {
        "/v1/messages": /^no parameters but status, device, after, limit, from, to$/,
        "/v1/inbound": /^no parameters but device, after, limit$/,
        "/v1/contacts": /^no parameters but device, phone, lid, format, after, limit$/,
        "/v1/chats": /^no parameters but device, after, limit$/,
        "/v1/conversations": /^no parameters but phone, from, after, limit$/,
        "/v1/chats/nobody/messages": /^no parameters but after, limit, at$/,
        ...Object.fromEntries(["messages", "devices"].map((one) => [`/v1/${one}/nobody`, /^no parameters but at$/])),
        "/v1/devices/nobody/history": /^no parameters but after, limit$/,
        "/v1/statistics": /^no parameters but from, to, step, device$/,
        "/v1/events": /^no parameters but after, types, device, chat, limit, waitMs$/,
        "/v1/live": /^no parameters but after, types, device, chat, presence$/,
        "/v1/audit/proofs/inclusion": /^no parameters but message, cursor, index$/,
        "/v1/audit/proofs/consistency": /^no parameters but from, to$/,
        "/v1/audit/entries": /^no parameters but from, limit$/,
        "/v1/access-log": /^no parameters but client, after, limit$/,
        "/v1/deliveries": /^no parameters but endpoint, target, status, after, limit$/,
        "/v1/erasures": /^no parameters but after, limit$/
      }
      for (const { method, path } of guarded) {
        const asked = path.replace(/\/$/, "").replace(/:\w+/g, "nobody")
        for (const query of ["?stauts=failed", "?Limit=1", "?limit=1&%6cimits=2"]) {
          const refused = yield* ask(method, `${asked}${query}`, method === "POST" ? { body: {} } : {})
          isProblem(refused, "invalid_request")
          const [flaw] = refused.json.errors
          assert.deepInclude(flaw, { in: "query", pointer: "" })
          const some = method === "GET" ? (expected[asked] ?? /^no parameters$/) : /^no parameters$/
          assert.match(flaw.expected, ofApp.includes(`${method} ${asked}`) ? /^no parameters but app$/ : some)
          assert.notInclude(refused.text, "stauts")
        }
        isProblem(yield* ask(method, `${asked}?stauts=failed`, { key: "" }), "unauthorized")
      }
      assert.deepStrictEqual(listed, [])
    })
  )

  it.effect("of a query's member that a page does not have: none; of a probe's, nobody asks", () =>
    Effect.gen(function* () {
      for (const page of ["/openapi.json", "/docs"]) {
        for (const query of ["?lang=de", "?url=https://elsewhere.example/openapi.json", "?a=1&a=1"]) {
          const refused = yield* ask("GET", `${page}${query}`, { key: "" })
          isProblem(refused, "invalid_request")
          assert.deepStrictEqual(refused.json.errors, [{ in: "query", pointer: "", expected: "no parameters" }])
        }
        isProblem(yield* ask("POST", `${page}?lang=de`, { key: "" }), "method_not_allowed")
        assert.strictEqual((yield* ask("OPTIONS", `${page}?lang=de`, { key: "" })).status, 204)
        assert.strictEqual((yield* ask("GET", `${page}?`, { key: "" })).status, 200)
      }
      for (const probe of ["/health", "/health/ready"]) {
        assert.strictEqual((yield* ask("GET", `${probe}?_=1760000000000`, { key: "" })).status, 200)
      }
    })
  )

  it.effect("of a member of a body that is given twice: none, whatever is asked", () =>
    Effect.gen(function* () {
      const id = "11111111-1111-7111-8111-111111111111"
      const bodies: ReadonlyArray<readonly [path: string, body: string]> = [
        ["/v1/messages", `{"device":"${device}","to":"+60123456789","to":"+60123456780"}`],
        ["/v1/devices", '{"name":"a","name":"b"}'],
        ["/v1/clients", '{"name":"a","scopes":["messages:send"],"scopes":["admin"]}'],
        [`/v1/clients/${id}/keys`, '{"scopes":["messages:send"],"scopes":["admin"]}'],
        [`/v1/clients/${id}/keys/abcd/rotate`, '{"overlapSeconds":0,"overlapSeconds":1}'],
        ["/v1/agents", '{"agent":"a","agent":"b"}'],
        [`/v1/gateway-keys/${id}/activate`, '{"force":false,"force":true}']
      ]
      for (const [path, body] of bodies) isProblem(yield* ask("POST", path, { body }), "bad_request")
    })
  )

  it.effect("of a member that is given twice: none, wherever it stands and however it is written", () =>
    Effect.gen(function* () {
      asked.length = 0
      const beginning = JSON.stringify(message).slice(0, -1)
      const twice = [
        `${beginning},"to":"+60123456780"}`,
        `${beginning},"t\\u006f":"+60123456789"}`,
        `${beginning},"tags":{"order":"1","order":"2"}}`,
        `${beginning},"tags":{"a:\\"b":"1","a:\\"b":"2"}}`,
        `${beginning},"confirm":{"until":"sent","until":"sent"}}`,
        `${beginning},"confirm":{"until":"sent"},"confirm":{}}`,
        `${beginning},"__proto__":{},"__proto__":{}}`,
        `{"device":1,"device":[{"a":1,"a":2}]}`
      ]
      for (const body of twice) {
        const refused = yield* ask("POST", "/v1/messages", { body })
        isProblem(refused, "bad_request")
        assert.strictEqual(refused.json.detail, "A member is given twice.")
      }
      assert.deepStrictEqual(asked, [])
      const once = { ...message, content: { type: "text", text: '{"a":1,"a":"\\\\"}' }, tags: { a: "b:c", c: ':":' } }
      assert.strictEqual((yield* ask("POST", "/v1/messages", { body: once })).status, 201)
    })
  )

  it.effect("of a number: the same, however JSON may write it", () =>
    Effect.gen(function* () {
      asked.length = 0
      const saying = (seconds: string) =>
        ask("POST", "/v1/messages", { body: `${JSON.stringify(message).slice(0, -1)},"expiresInSeconds":${seconds}}` })
      for (const seconds of ["3600", "3600.0", "3.6e3", "36000e-1"]) {
        assert.strictEqual((yield* saying(seconds)).status, 201)
        assert.strictEqual(asked.at(-1)?.expiresInSeconds, 3_600)
      }
      for (const seconds of ["1e400", "-1e400", "0.5", '"3600"']) isProblem(yield* saying(seconds), "invalid_request")
      for (const seconds of ["03600", "+3600", "0x10", "NaN"]) isProblem(yield* saying(seconds), "bad_request")
    })
  )

  it.effect("of an idempotency key: the same with quotes, as the draft standard writes it, and without", () =>
    Effect.gen(function* () {
      asked.length = 0
      const same: ReadonlyArray<readonly [written: string, key: string]> = [
        ['"abc-1"', "abc-1"],
        ["abc-1", "abc-1"],
        ['"a \\"b\\" \\\\c"', 'a "b" \\c'],
        [`"${"~".repeat(255)}"`, "~".repeat(255)],
        ['a"b"', 'a"b"'],
        ["a\\", "a\\"]
      ]
      for (const [written, key] of same) {
        const { headers, status } = yield* ask("POST", "/v1/messages", {
          body: message,
          headers: { "idempotency-key": written }
        })
        assert.deepStrictEqual([status, headers.get("idempotency-key")], [201, written])
        assert.strictEqual(asked.at(-1)?.idempotencyKey, key)
        assert.strictEqual(asked.at(-1)?.formerKey, written.startsWith('"') ? written : undefined)
      }
    })
  )

  it.effect("of a phone number: none where it can be read as two, or lacks its country, and a hint", () =>
    Effect.gen(function* () {
      asked.length = 0
      for (const to of ["4915123456789", "60123456789@c.us", "60123456789@s.whatsapp.net", "13123456789"]) {
        const refused = yield* ask("POST", "/v1/messages", { body: { ...message, to } })
        isProblem(refused, "invalid_number")
        assert.match(refused.json.detail, /\+.*PHONE_COUNTRY_CODE/)
        assert.notInclude(refused.text, to)
      }
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("of a phone number: the answer says what was understood to be missing", () =>
    Effect.gen(function* () {
      asked.length = 0
      const answers = yield* Effect.forEach(["012-345 6789", "60123456789", "+60 12 345 6789", "0060123456789"], (to) =>
        Effect.map(ask("POST", "/v1/messages", { body: { ...message, to } }), ({ json }) => [json.to, json.assumed])
      )
      const to = "+60123456789"
      assert.deepStrictEqual(answers, [
        [to, "+60"],
        [to, "+"],
        [to, undefined],
        [to, undefined]
      ])
    })
  )
})
