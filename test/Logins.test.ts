import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventSource, webSocket } from "./Followers.ts"
import { apiKey, callerOf, eventually, folder, type Homing, life, start } from "./Homing.ts"

/** Sessions of browsers, over the whole product. */

const logIn = Effect.fnUntraced(function* (url: string, key: string) {
  const { body, headers, status } = yield* callerOf(url, "")("POST", "/v1/session", { key })
  assert.strictEqual(status, 201)
  return { id: body.id as string, cookie: headers.get("set-cookie")!.split(";", 1)[0]! }
})
/** A proxy's own password comes with every request of a browser that has one, and is no key. */
const page = {
  authorization: "Basic cHJveHk6c2VjcmV0",
  "sec-fetch-site": "same-origin",
  "x-homing-request": "dashboard"
}
const as =
  ({ call }: Homing, cookie: string) =>
  (method: string, path: string) =>
    call(method, path, undefined, { ...page, cookie })

describe("a session", () => {
  it.live("outlives its gateway, and ends with its key there, too", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const whatsapp = AcknowledgesAtOnce.make()
      const first = yield* life
      const before = yield* first.during(start(path, whatsapp.layer))
      const { body } = yield* before.call("POST", "/v1/clients", { name: "shop", scopes: ["messages:read"] })
      const { cookie, id } = yield* logIn(before.url, body.key.secret)
      const other = yield* logIn(before.url, body.key.secret)
      assert.strictEqual((yield* as(before, other.cookie)("DELETE", "/v1/session")).status, 204)
      for (let i = 0; i < 3; i++) yield* as(before, cookie)("GET", "/v1/messages")
      yield* before.call("GET", "/v1/devices")
      yield* callerOf(before.url, "")("POST", "/v1/session", { key: "nobody's" })
      yield* first.end
      const after = yield* start(path, whatsapp.layer)
      assert.strictEqual((yield* as(after, cookie)("GET", "/v1/session")).body.id, id)
      assert.strictEqual((yield* as(after, other.cookie)("GET", "/v1/session")).status, 401)
      const log = yield* eventually(
        after.call("GET", "/v1/access-log"),
        ({ body }) => body.items?.length === 5 // as it was written down when the first life ended
      )
      const told = log.body.items.map(({ count, of, type }: Record<string, unknown>) => [type, of, count])
      assert.sameDeepMembers(told.slice(0, 2), [
        ["access.read", "messages", 3],
        ["access.login_refused", undefined, 1]
      ])
      yield* after.call("DELETE", `/v1/clients/${body.id}/keys/${body.key.id}`)
      assert.strictEqual((yield* as(after, cookie)("GET", "/v1/messages")).status, 401)
    })
  )

  it.live("follows what happens from a page of ours alone, until it is revoked", () =>
    Effect.gen(function* () {
      const homing = yield* start(yield* folder, AcknowledgesAtOnce.make().layer)
      const { cookie, id } = yield* logIn(homing.url, apiKey)
      const live = `${homing.url}/v1/live`
      const { host } = new URL(homing.url)
      const foreign = { origin: "https://evil.example" }
      assert.deepStrictEqual((yield* webSocket(live, { headers: { cookie }, ...foreign })).refused, {
        status: 403,
        code: "origin_refused"
      })
      assert.strictEqual((yield* eventSource(live, "", { ...foreign, authorization: "", cookie })).status, 403)
      const forged = { cookie: `${cookie.slice(0, -1)}${cookie.endsWith("A") ? "B" : "A"}` }
      assert.strictEqual((yield* webSocket(live, { headers: forged, origin: `http://${host}` })).refused?.status, 401)

      const socket = yield* webSocket(live, { headers: { cookie }, origin: `http://${host}` })
      const stream = yield* eventSource(live, "", { authorization: "", cookie, "sec-fetch-site": "same-origin" })
      assert.deepStrictEqual([socket.refused, stream.status], [undefined, 200])
      yield* until(() => socket.told.length === 1)
      yield* homing.call("DELETE", `/v1/sessions/${id}`)
      yield* until(() => socket.closed() !== undefined && stream.isOver())
      assert.deepStrictEqual(socket.closed(), { code: 4401, reason: "unauthorized" })
      assert.deepStrictEqual(stream.told.at(-1)!.event, "closing")
    })
  )
})
