import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as InstantWhatsApp from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { callerOf, connectedDevice, eventually, folder, start, text } from "./Homing.ts"

const shifted = (at: string, millis: number) => new Date(Date.parse(at) + millis).toISOString()

describe("what was", () => {
  it.live("is shown of messages, devices and chats, counted for whoever queued it, and told of devices", () =>
    Effect.gen(function* () {
      const homing = yield* start(yield* folder, InstantWhatsApp.layer)
      const { call, url } = homing
      const device = yield* connectedDevice(homing)
      const { body: client } = yield* call("POST", "/v1/clients", {
        name: "till",
        scopes: ["messages:send", "messages:read"]
      })
      const till = callerOf(url, client.key.secret)

      const { body: sent } = yield* call("POST", "/v1/messages", text(device))
      yield* till("POST", "/v1/messages", text(device, "from the till"))
      yield* till("POST", "/v1/messages", text(device, "again"))
      const path = `/v1/messages/${sent.id}`
      const now = (yield* call("GET", path)).body
      assert.strictEqual(now.status, "sent")
      yield* eventually(call("GET", `${path}?at=${now.updatedAt}`), ({ status }) => status !== 503)
      assert.deepStrictEqual((yield* call("GET", `${path}?at=${now.updatedAt}`)).body, now)
      if (now.updatedAt > now.createdAt) {
        const then = (yield* call("GET", `${path}?at=${now.createdAt}`)).body
        assert.deepStrictEqual([then.status, then.updatedAt], ["queued", now.createdAt])
      }
      const early = shifted(now.createdAt, -1)
      assert.strictEqual((yield* call("GET", `${path}?at=${early}`)).body.code, "message_not_found")
      for (const wrong of ["yesterday", "2026-13-01T00:00:00Z", "2026-11-30"]) {
        assert.strictEqual((yield* call("GET", `${path}?at=${wrong}`)).body.code, "invalid_request")
      }
      assert.strictEqual((yield* till("GET", `${path}?at=${now.updatedAt}`)).body.code, "message_not_found")

      const { body: history } = yield* call("GET", `/v1/devices/${device}/history`)
      const happened = history.items.map(({ happened }: { happened: string }) => happened)
      assert.strictEqual(happened.at(-1), "created")
      assert.include(happened, "connected")
      const { body: first } = yield* call("GET", `/v1/devices/${device}/history?limit=1`)
      const { body: second } = yield* call("GET", `/v1/devices/${device}/history?limit=500&after=${first.next}`)
      assert.deepStrictEqual([...first.items, ...second.items], history.items)
      const { at: created } = history.items.at(-1)
      const born = yield* call("GET", `/v1/devices/${device}?at=${created}`)
      assert.strictEqual(born.body.state, "pairing")
      assert.strictEqual((yield* call("GET", `/v1/devices/${device}?at=${shifted(created, -1)}`)).status, 404)

      const { body: chats } = yield* eventually(call("GET", "/v1/chats"), ({ body }) => body.items?.length === 1)
      const messages = `/v1/chats/${chats.items[0].id}/messages`
      yield* eventually(call("GET", messages), ({ body }) => body.items?.length === 3)
      const asOf = yield* call("GET", `${messages}?at=${now.updatedAt}`)
      assert.isTrue(asOf.body.items.some(({ id }: { id: string }) => id === sent.id))
      assert.strictEqual((yield* call("GET", `${messages}?at=${early}`)).body.code, "chat_not_found")

      const counted = (ask: typeof call, query = "") =>
        Effect.map(ask("GET", `/v1/statistics${query}`), ({ body }) => body.total?.sent)
      yield* eventually(counted(call), (count) => count === 3)
      assert.strictEqual(yield* counted(till), 2)
      assert.strictEqual(yield* counted(call, "?step=hour"), 3)
      assert.strictEqual(yield* counted(till, `?device=${device}`), 2)
      assert.strictEqual(yield* counted(call, "?device=00000000-0000-7000-8000-000000000000"), 0)
      const long = yield* call("GET", "/v1/statistics?from=2020-01-01T00:00:00Z")
      assert.strictEqual(long.body.errors[0].pointer, "/from")
    })
  )
})
