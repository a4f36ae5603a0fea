import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { MessageId } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { cursorOf } from "../http/Cursor.ts"
import { ask, at, device, documentOf, gateway, isProblem, message, paired } from "../testing/GatewayFixture.ts"

const known = documentOf({ ...message, to: { kind: "phone", address: message.to }, tags: {} } as never)
const recorded = {
  eventId: "33333333-3333-5333-8333-333333333333",
  metadata: { actor: { kind: "agent", id: "home" } },
  type: "message.sent.v1",
  revision: 1,
  recordedAt: at,
  data: { attempt: 1, at, evidence: "c2lnbmVk" }
} as unknown as RecordedEvent

const app = gateway({
  messages: {
    find: (_, id) => Effect.succeed(id === known.id ? known : undefined),
    history: (_, id) => Effect.succeed(id === known.id ? [recorded] : []),
    list: ({ after, limit, status }) =>
      Effect.succeed({
        items: after === 7n ? [] : [{ ...known, status: status ?? known.status }],
        next: limit === 1 ? 7n : undefined
      })
  },
  devices: {
    create: (_, { name, pairing }) =>
      Effect.succeed({ ...paired, name, state: "pairing", pairing: { method: pairing.method, code: "1234-5678" } })
  }
})

layer(app, { excludeTestServices: true })("the front door", (it) => {
  describe("reading", () => {
    it.effect("shows one message, and 404 for any name that names none", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* ask("GET", `/v1/messages/${known.id}`)).json.id, known.id)
        for (const id of [MessageId.make("00000000-0000-8000-8000-000000000000"), "x", "%00", "..%2f"]) {
          isProblem(yield* ask("GET", `/v1/messages/${id}`), "message_not_found")
          isProblem(yield* ask("GET", `/v1/messages/${id}/events`), "message_not_found")
        }
      })
    )

    it.effect("shows events with the evidence beside their data", () =>
      Effect.gen(function* () {
        const { json } = yield* ask("GET", `/v1/messages/${known.id}/events`)
        const event = {
          id: "33333333-3333-5333-8333-333333333333",
          type: "message.sent.v1",
          revision: 1,
          recordedAt: at,
          data: { attempt: 1, at },
          evidence: "c2lnbmVk"
        }
        assert.deepStrictEqual(json, { message: known.id, items: [event], keys: [] })
      })
    )

    it.effect("pages by cursors that only this log understands", () =>
      Effect.gen(function* () {
        const first = yield* ask("GET", "/v1/messages?limit=1&status=read")
        assert.strictEqual(first.json.items[0].status, "read")
        assert.notMatch(first.json.next, /^\d+$/)
        const second = yield* ask("GET", `/v1/messages?limit=2&after=${first.json.next}`)
        assert.deepStrictEqual(second.json, { items: [], next: null })
        for (const [name, value] of [
          ["after", "7"],
          ["after", "%00"],
          ["after", cursorOf("store:1", 2n ** 63n)],
          ["limit", "0"],
          ["limit", "201"],
          ["limit", "x"],
          ["status", "gone"],
          ["status", ""],
          ["device", "nobody"],
          ["device", ""],
          ["device", "01A204F5-2F41-7113-BBEB-C43680F28E02"],
          ["device", `${device}0`]
        ]) {
          const refused = yield* ask("GET", `/v1/messages?${name}=${value}`)
          isProblem(refused, "invalid_request")
          assert.deepInclude(refused.json.errors[0], { in: "query", pointer: `/${name}` })
        }
        const [flaw] = (yield* ask("GET", "/v1/messages?device=nobody")).json.errors
        assert.strictEqual(flaw.expected, "the id of a device")
      })
    )
  })

  describe("devices", () => {
    it.effect("are created with a way to pair them", () =>
      Effect.gen(function* () {
        const byQr = yield* ask("POST", "/v1/devices", { body: { name: "shop" } })
        assert.strictEqual(byQr.status, 201)
        assert.strictEqual(byQr.headers.get("location"), `/v1/devices/${device}`)
        assert.deepStrictEqual(byQr.json, {
          id: device,
          name: "shop",
          state: "pairing",
          reason: null,
          since: at,
          number: paired.number,
          qr: "1234-5678"
        })
        const byCode = yield* ask("POST", "/v1/devices", {
          body: { name: "shop", pairing: "code", phone: "012-3456789" }
        })
        assert.deepStrictEqual([byCode.json.code, byCode.json.assumed], ["1234-5678", "+60"])
        const digits = yield* ask("POST", "/v1/devices", {
          body: { name: "shop", pairing: "code", phone: "4915123456789" }
        })
        isProblem(digits, "invalid_number")
        assert.match(digits.json.detail, /\+.*PHONE_COUNTRY_CODE/)
        assert.strictEqual(digits.json.title, "This is not a valid phone number.") // and not the recipient's
        for (const [path, more] of [
          ["/v1/devices", { name: "shop" }],
          [`/v1/devices/${device}/pair`, {}]
        ] as const) {
          const flawed = (linking: object) =>
            Effect.map(ask("POST", path, { body: { ...more, ...linking } }), (refused) => {
              isProblem(refused, "invalid_request")
              return refused.json.errors
            })
          const missing = { in: "body", pointer: "/phone", expected: "a value" }
          assert.deepStrictEqual(yield* flawed({ pairing: "code" }), [missing])
          const idle = { ...missing, expected: "no value unless `pairing` is `code`" }
          const phone = "+60123456789"
          for (const linking of [{ phone }, { pairing: "qr", phone }, { pairing: "qr", phone: "1" }]) {
            assert.deepStrictEqual(yield* flawed(linking), [idle])
          }
        }
        for (const phone of ["1", "+491234"]) {
          isProblem(
            yield* ask("POST", "/v1/devices", { body: { name: "shop", pairing: "code", phone } }),
            "invalid_number"
          )
        }
        for (const name of [" ", "", " shop", "x".repeat(101), "half a \ud800 character"]) {
          isProblem(yield* ask("POST", "/v1/devices", { body: { name } }), "invalid_request")
        }
      })
    )

    it.effect("are shown", () =>
      Effect.gen(function* () {
        const shown = { id: device, name: "office", state: "connected", reason: null, since: at, number: paired.number }
        assert.deepStrictEqual((yield* ask("GET", `/v1/devices/${device}`)).json, shown)
        assert.deepStrictEqual((yield* ask("GET", "/v1/devices")).json, { items: [shown] })
        isProblem(yield* ask("GET", "/v1/devices/none"), "device_not_found")
      })
    )
  })

  it.effect("no answer may be kept, unless it says so", () =>
    Effect.gen(function* () {
      const answers = yield* Effect.forEach(
        [
          ask("POST", "/v1/messages", { body: message }),
          ask("GET", `/v1/messages/${known.id}`),
          ask("GET", "/v1/messages"),
          ask("POST", "/v1/devices", { body: { name: "shop" } }),
          ask("GET", `/v1/devices/${device}`),
          ask("POST", "/v1/clients", { body: { name: "shop", scopes: ["admin"] } }),
          ask("GET", "/v1/clients"),
          ask("GET", "/health/detailed"),
          ask("GET", "/v1/messages", { key: "" }),
          ask("GET", "/nothing"),
          ask("GET", "/docs")
        ],
        Effect.map(({ headers }) => headers.get("cache-control"))
      )
      assert.deepStrictEqual(answers, [...Array(10).fill("no-store"), "no-cache"])
    })
  )

  it.effect("every answer names its request, by the caller's name if it gave one that can be repeated", () =>
    Effect.gen(function* () {
      const named = (id: string, path = "/v1/devices") => ask("GET", path, { headers: { "x-request-id": id } })
      const own = yield* ask("GET", "/v1/devices")
      assert.match(own.headers.get("x-request-id")!, /^[0-9a-f-]{36}$/)
      assert.notStrictEqual(
        (yield* ask("GET", "/v1/devices")).headers.get("x-request-id"),
        own.headers.get("x-request-id")
      )
      for (const path of ["/v1/devices", "/health", "/nothing", "/docs", "/v1/devices/none"]) {
        assert.strictEqual((yield* named("order-4711/1", path)).headers.get("x-request-id"), "order-4711/1")
      }
      for (const bad of ["x".repeat(129), "two words", '"quoted"', "<b>"]) {
        assert.match((yield* named(bad)).headers.get("x-request-id")!, /^[0-9a-f-]{36}$/)
      }
    })
  )

  describe("paths and methods", () => {
    it.effect("that are unknown are problems too", () =>
      Effect.gen(function* () {
        for (const path of ["/", "/v1", "/v1/nothing", "/v2/messages", "/v1/messages/a/b/c"]) {
          isProblem(yield* ask("GET", path), "not_found")
        }
        const wrong = yield* ask("DELETE", "/v1/messages")
        isProblem(wrong, "method_not_allowed")
        assert.strictEqual(wrong.headers.get("allow"), "GET, POST, HEAD, OPTIONS")
        isProblem(yield* ask("POST", `/v1/messages/${known.id}`), "method_not_allowed")
        isProblem(yield* ask("PATCH", "/openapi.json"), "method_not_allowed")
      })
    )

    it.effect("answer HEAD as GET without a body, and OPTIONS with what is allowed", () =>
      Effect.gen(function* () {
        const head = yield* ask("HEAD", "/health", { key: "" })
        assert.deepStrictEqual([head.status, head.text], [200, ""])
        const options = yield* ask("OPTIONS", `/v1/messages/${known.id}`, { key: "" })
        assert.deepStrictEqual([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"])
        isProblem(yield* ask("OPTIONS", "/nothing"), "not_found")
      })
    )
  })

  describe("health", () => {
    it.effect("needs no key to say that it is alive and of use", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* ask("GET", "/health", { key: "" })).json, { status: "ok" })
        assert.deepStrictEqual((yield* ask("GET", "/health/ready", { key: "" })).json, { status: "ok" })
        isProblem(yield* ask("GET", "/health/detailed", { key: "" }), "unauthorized")
        isProblem(yield* ask("GET", "/metrics", { key: "" }), "unauthorized")
      })
    )

    it.effect("tells part by part how it is", () =>
      Effect.gen(function* () {
        const { json } = yield* ask("GET", "/health/detailed")
        assert.strictEqual(json.status, "ok")
        assert.deepStrictEqual(json.store, { reachable: true, promise: "a store in memory" })
        assert.strictEqual(json.views.caughtUp, true)
        assert.deepStrictEqual(json.devices, { pairing: 0, connected: 1, disconnected: 0, logged_out: 0 })
        assert.isAbove(json.memory.rssBytes, 1_000_000)
      })
    )

    it.effect("counts requests by route, never by path", () =>
      Effect.gen(function* () {
        yield* ask("GET", "/v1/messages/60123456789")
        yield* ask("GET", "/60123456789")
        const { text, type } = yield* ask("GET", "/metrics")
        assert.match(type, /^text\/plain/)
        assert.match(text, /homing_http_request_seconds_count\{[^}]*route="\/v1\/messages\/:id"[^}]*status="404"/)
        assert.match(text, /route="unknown"/)
        assert.notInclude(text, "60123456789")
      })
    )
  })
})
