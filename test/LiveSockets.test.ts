import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { webSocket } from "./Followers.ts"
import { apiKey, connectedDevice, folder, gatewayOptions, start, text } from "./Homing.ts"

const scene = Effect.fnUntraced(function* (live: NonNullable<typeof gatewayOptions.live> = {}) {
  const whatsapp = AcknowledgesAtOnce.make()
  const homing = yield* start(yield* folder, whatsapp.layer, { options: { ...gatewayOptions, live } })
  return { ...homing, whatsapp, live: `${homing.url}/v1/live`, old: `${homing.url}/ws` }
})

/** Says its key first, as a browser has to. */
const introduced = Effect.fnUntraced(function* (url: string, first: object | string) {
  const one = yield* webSocket(url)
  one.socket.send(typeof first === "string" ? first : JSON.stringify(first))
  return one
})
const auth = { type: "auth", key: apiKey }

describe("a WebSocket", () => {
  it.live("tells what happens after its key, with a filter, and goes on after a cursor", () =>
    Effect.gen(function* () {
      const homing = yield* scene()
      const first = yield* introduced(homing.live, auth)
      yield* until(() => first.told.length === 1)
      assert.deepStrictEqual(first.told[0].type, "ready")
      const device = yield* connectedDevice(homing)
      yield* homing.call("POST", "/v1/messages", text(device, "over a socket"))
      const types = ["homing.message.sent.v1"]
      yield* until(() => first.told.at(-1).type === types[0])
      const { body } = yield* homing.call("GET", "/v1/events?limit=500")
      assert.deepStrictEqual(first.told.slice(1), body.items)
      const [from] = body.items
      const some = yield* introduced(homing.live, { ...auth, after: from.cursor, types, device })
      const byHeader = yield* webSocket(`${homing.live}?after=${from.cursor}&types=${types}`, {
        headers: { authorization: `Bearer ${apiKey}` }
      })
      yield* until(() => some.told.length === 2 && byHeader.told.length === 2)
      assert.deepStrictEqual([some.told[1], byHeader.told[1]], [body.items.at(-1), body.items.at(-1)])
      assert.strictEqual(some.told[0].cursor, from.cursor)
    })
  )

  it.live("is closed with a code that says why", () =>
    Effect.gen(function* () {
      const { call, live, url } = yield* scene({ authTimeoutSeconds: 1 })
      const { body } = yield* call("POST", "/v1/clients", { name: "one", scopes: ["messages:read"] })
      const cases = [
        [{ ...auth, key: "nobody's" }, 4401, "unauthorized"],
        [{ ...auth, key: body.key.secret }, 4403, "forbidden"],
        [{ ...auth, after: "x" }, 4422, "invalid_request"],
        [{ ...auth, types: ["none"] }, 4422, "invalid_request"],
        [{ ...auth, more: 1 }, 4422, "invalid_request"],
        [`{"type":"auth","key":"x","key":${JSON.stringify(apiKey)}}`, 4422, "invalid_request"],
        ["{", 4422, "invalid_request"],
        ["x".repeat(5_000), 1009, ""]
      ] as const
      for (const [first, code, reason] of cases) {
        const one = yield* introduced(live, first)
        yield* until(() => one.closed() !== undefined)
        assert.deepStrictEqual(one.closed(), { code, reason })
      }
      const silent = yield* webSocket(live)
      yield* until(() => silent.closed() !== undefined)
      assert.deepStrictEqual(silent.closed(), { code: 4408, reason: "request_timeout" })
      const talkative = yield* introduced(live, auth)
      yield* until(() => talkative.told.length === 1)
      talkative.socket.send("more")
      yield* until(() => talkative.closed() !== undefined)
      assert.strictEqual(talkative.closed()!.code, 4422)
      const refusals = [
        [live, { headers: { "x-api-key": "nobody's" } }, 401, "unauthorized"],
        [live, { origin: "https://other.example" }, 403, "origin_refused"],
        [`${live}?after=x`, {}, 422, "invalid_request"],
        [`${live}?after=x`, { headers: { "x-api-key": apiKey } }, 422, "invalid_request"],
        [`${url}/v1/events`, {}, 401, "unauthorized"],
        [`${url}/nothing`, {}, 404, "not_found"]
      ] as const
      for (const [at, options, status, code] of refusals) {
        assert.deepStrictEqual((yield* webSocket(at, options)).refused, { status, code })
      }
    })
  )

  it.live("of a page is let in from origins that are configured", () =>
    Effect.gen(function* () {
      const { live } = yield* scene({ allowedOrigins: new Set(["https://shop.example"]) })
      assert.strictEqual((yield* webSocket(live, { origin: "https://shop.example" })).refused, undefined)
      assert.strictEqual((yield* webSocket(live, { origin: "https://shop.example.org" })).refused!.status, 403)
    })
  )

  it.live("that has not said its key takes no place of a client's, and few of its own", () =>
    Effect.gen(function* () {
      const { live } = yield* scene({ connections: 2, strangers: 3, strangersPerAddress: 3, authTimeoutSeconds: 60 })
      const silent = yield* Effect.replicateEffect(webSocket(live), 3)
      const refusal = { status: 429, code: "too_many_connections" }
      assert.deepStrictEqual((yield* webSocket(live)).refused, refusal)
      const headers = { "x-api-key": apiKey }
      const clients = yield* Effect.replicateEffect(webSocket(live, { headers }), 2)
      assert.deepStrictEqual(
        clients.map(({ refused }) => refused),
        [undefined, undefined]
      )
      assert.deepStrictEqual((yield* webSocket(live, { headers })).refused, refusal)
      silent[0]!.socket.terminate()
      clients[0]!.socket.terminate()
      const said = Effect.gen(function* () {
        const one = yield* introduced(live, auth)
        if (one.refused === undefined) yield* until(() => one.told.length > 0 || one.closed() !== undefined)
        return one.told[0]?.type
      })
      yield* Effect.repeat(said, { until: (type) => type === "ready" })
    })
  )

  it.live("whose far side says nothing is dropped", () =>
    Effect.gen(function* () {
      const { live } = yield* scene({ beatMillis: 200 })
      const headers = { "x-api-key": apiKey }
      const deaf = yield* webSocket(live, { headers, autoPong: false })
      const good = yield* webSocket(live, { headers })
      yield* until(() => deaf.closed() !== undefined)
      assert.deepStrictEqual(deaf.closed(), { code: 1013, reason: "too_slow" })
      assert.isUndefined(good.closed())
    })
  )

  it.live("at /ws tells how devices are paired and stand, in the words of wa-gateway-go", () =>
    Effect.gen(function* () {
      const homing = yield* scene()
      const first = yield* introduced(homing.old, { type: "auth", apiKey })
      const wrong = yield* introduced(homing.old, { type: "auth", apiKey: "nobody's" })
      yield* until(() => first.told.length === 1 && wrong.closed() !== undefined)
      assert.deepStrictEqual(first.told, [{ type: "auth", success: true }])
      assert.deepStrictEqual(wrong.told, [{ type: "auth", success: false, message: "Invalid API key" }])
      const token = yield* connectedDevice(homing)
      yield* until(() => first.told.some(({ event }) => event === "connection-success"))
      assert.deepInclude(first.told, { token, event: "connection-success" })
      const code = first.told.find(({ event }) => event === "qrcode")
      if (code !== undefined) assert.deepStrictEqual([code.token, typeof code.data], [token, "string"])
      const told = first.told.length
      const cut = { _tag: "Disconnected", device: token as never, final: false } as const
      yield* homing.whatsapp.tell({ ...cut, reason: "restarting" })
      yield* homing.whatsapp.tell({ ...cut, reason: "connection_lost" })
      yield* until(() => first.told.length > told)
      assert.deepStrictEqual(first.told.slice(told), [{ token, event: "connection-error", message: "Disconnected" }])
      yield* homing.call("DELETE", `/v1/devices/${token}`)
      yield* until(() => first.told.at(-1).message === "Logged out")
      assert.deepStrictEqual(first.told.at(-1), { token, event: "connection-error", message: "Logged out" })
    })
  )
})
