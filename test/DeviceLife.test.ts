import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { callerOf, connectedDevice, eventually, folder, start, text } from "./Homing.ts"

const notSent: SendOutcome = { _tag: "NotSent", reason: "not_connected", final: false }

const scene = Effect.fnUntraced(function* (outcome?: () => Effect.Effect<SendOutcome>) {
  const whatsapp = AcknowledgesAtOnce.make({ keep: 100, ...(outcome && { outcome }) })
  const path = yield* folder
  const homing = yield* start(path, whatsapp.layer)
  return { ...homing, ...whatsapp, path, device: yield* connectedDevice(homing) }
})

describe("a device over HTTP", () => {
  it.live("is unlinked once, leaves the list, and sends no more", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const first = yield* call("DELETE", `/v1/devices/${device}`)
      assert.deepStrictEqual([first.status, first.body.state, first.body.reason], [200, "logged_out", "unlinked"])
      const again = yield* call("DELETE", `/v1/devices/${device}`)
      assert.deepStrictEqual([again.status, again.body], [200, first.body])
      assert.deepStrictEqual((yield* call("GET", "/v1/devices")).body.items, [])
      assert.strictEqual((yield* call("GET", `/v1/devices/${device}`)).body.reason, "unlinked")
      assert.deepStrictEqual((yield* call("GET", "/health/detailed")).body.warnings, [])
      const refused = yield* call("POST", "/v1/messages", text(device))
      assert.deepStrictEqual([refused.status, refused.body.code], [409, "device_not_paired"])
      assert.strictEqual((yield* call("DELETE", "/v1/devices/unknown")).status, 404)
    })
  )

  it.live("says that it waits for its agent, as long as that has not unlinked it", () =>
    Effect.gen(function* () {
      const whatsapp = AcknowledgesAtOnce.make({ outOfReach: true })
      const { call, url } = yield* start(yield* folder, whatsapp.layer)
      const device = yield* connectedDevice({ call, url })
      const path = `/v1/devices/${device}`
      const asked = yield* call("DELETE", path)
      assert.deepStrictEqual([asked.status, asked.body.reason], [202, "unlinking"])
      assert.strictEqual((yield* call("GET", path)).body.reason, "unlinking")
      assert.strictEqual((yield* call("GET", "/v1/devices")).body.items[0].reason, "unlinking")
    })
  )

  it.live("that is unlinked leaves no message waiting", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene(() => Effect.succeed(notSent))
      const ids = yield* Effect.forEach([1, 2, 3], (n) =>
        Effect.map(
          call("POST", "/v1/messages", text(device, `text ${n}`, { timeoutMs: 0 })),
          ({ body }) => body.id as string
        )
      )
      assert.strictEqual((yield* call("DELETE", `/v1/devices/${device}`)).status, 200)
      for (const id of ids) {
        const { body } = yield* eventually(call("GET", `/v1/messages/${id}`), ({ body }) => body.status === "failed")
        assert.strictEqual(body.error.code, "device_unlinked")
      }
    })
  )

  it.live("is paired again under its id, and sends", () =>
    Effect.gen(function* () {
      const { call, device, tell } = yield* scene()
      const linked = yield* call("POST", `/v1/devices/${device}/pair`, {})
      assert.deepStrictEqual([linked.status, linked.body.code], [409, "device_paired"])
      yield* tell({ _tag: "Disconnected", device: device as never, reason: "logged_out", final: true })
      const state = Effect.map(call("GET", `/v1/devices/${device}`), ({ body }) => body.state as string)
      yield* eventually(state, (now) => now === "logged_out")
      assert.strictEqual((yield* call("DELETE", `/v1/devices/${device}`)).status, 200)
      for (const way of [{}, { pairing: "qr" }]) {
        assert.strictEqual((yield* call("POST", `/v1/devices/${device}/pair`, way)).status, 200)
        yield* eventually(state, (now) => now === "connected")
        const sent = yield* call("POST", "/v1/messages", text(device))
        assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
        assert.lengthOf((yield* call("GET", "/v1/devices")).body.items, 1)
        assert.strictEqual((yield* call("DELETE", `/v1/devices/${device}`)).status, 200)
      }
    })
  )

  it.live("connects again when it is asked to, unless nothing is linked", () =>
    Effect.gen(function* () {
      const { call, device, tell } = yield* scene()
      yield* tell({ _tag: "Disconnected", device: device as never, reason: "replaced", final: true })
      const state = Effect.map(call("GET", `/v1/devices/${device}`), ({ body }) => body.state as string)
      yield* eventually(state, (now) => now === "disconnected")
      const back = yield* call("POST", `/v1/devices/${device}/reconnect`)
      assert.deepStrictEqual([back.status, back.body.state], [200, "connected"])
      yield* call("DELETE", `/v1/devices/${device}`)
      const refused = yield* call("POST", `/v1/devices/${device}/reconnect`)
      assert.deepStrictEqual([refused.status, refused.body.code], [409, "device_not_paired"])
    })
  )

  it.live("has the number of its account while it is linked, for keys that may read numbers", () =>
    Effect.gen(function* () {
      const { call, device, tell, url } = yield* scene()
      const path = `/v1/devices/${device}`
      const keyed = Effect.fnUntraced(function* (...scopes: ReadonlyArray<string>) {
        const { body } = yield* call("POST", "/v1/clients", { name: "a client", scopes })
        const ask = callerOf(url, body.key.secret)
        return Effect.all([
          Effect.map(ask("GET", path), ({ body }) => body.number),
          Effect.map(ask("GET", "/v1/devices"), ({ body }) => body.items[0].number)
        ])
      })
      const numbers = Effect.map(call("GET", path), ({ body }) => body.number)
      yield* eventually(numbers, (number) => number === AcknowledgesAtOnce.ownNumber)
      const own = AcknowledgesAtOnce.ownNumber
      assert.deepStrictEqual(yield* yield* keyed("devices:read", "messages:read"), [own, own])
      for (const scopes of [["devices:read"], ["devices:manage", "messages:send"]]) {
        assert.deepStrictEqual(yield* yield* keyed(...scopes), [null, null])
      }
      const other = PhoneNumber.make("+15550009")
      yield* tell({ _tag: "Connected", device: device as never, number: other })
      yield* eventually(numbers, (number) => number === other)
      assert.strictEqual((yield* call("PATCH", path, { name: "x" })).body.number, other)
      assert.strictEqual((yield* call("DELETE", path)).body.number, null)
      yield* call("POST", `${path}/pair`, {})
      yield* eventually(numbers, (number) => number === own)
    })
  )

  it.live("has the name it was given last", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const renamed = yield* call("PATCH", `/v1/devices/${device}`, { name: "front desk" })
      assert.deepStrictEqual([renamed.status, renamed.body.name, renamed.body.state], [200, "front desk", "connected"])
      assert.strictEqual((yield* call("GET", "/v1/devices")).body.items[0].name, "front desk")
      assert.strictEqual((yield* call("PATCH", "/v1/devices/unknown", { name: "x" })).status, 404)
    })
  )

  it.live("is made once for an idempotency key, and not for another request under it", () =>
    Effect.gen(function* () {
      const { call } = yield* scene()
      const create = (body: object, key: string) => call("POST", "/v1/devices", body, { "idempotency-key": key })
      const asked = { name: "hall", pairing: "qr" }
      const first = yield* create(asked, "hall-1")
      assert.deepStrictEqual([first.status, first.headers.get("idempotency-key")], [201, "hall-1"])
      const [again, default_] = [yield* create(asked, '"hall-1"'), yield* create({ name: "hall" }, "hall-1")]
      for (const repeat of [again, default_]) {
        assert.deepStrictEqual([repeat.status, repeat.body.id], [201, first.body.id])
        assert.strictEqual(repeat.headers.get("location"), first.headers.get("location"))
      }
      const refused = yield* create({ name: "kitchen" }, "hall-1")
      assert.deepStrictEqual([refused.status, refused.body.code], [409, "idempotency_conflict"])
      const unnamed = yield* call("POST", "/v1/devices", asked)
      const made = unnamed.headers.get("idempotency-key")!
      assert.match(unnamed.headers.get("idempotency-warning")!, /no key was sent/)
      assert.strictEqual((yield* create(asked, made)).body.id, unnamed.body.id)
      const { body } = yield* call("GET", "/v1/devices")
      assert.lengthOf(body.items, 3)
      const both = yield* Effect.all([create(asked, "hall-2"), create(asked, "hall-2")], { concurrency: "unbounded" })
      assert.strictEqual(both[0].body.id, both[1].body.id)
      yield* call("DELETE", `/v1/devices/${first.body.id}`)
      assert.deepStrictEqual((yield* create(asked, "hall-1")).body.reason, "unlinked")
    })
  )

  it.live("is shown to a key that may look, without what links it, and changed by none", () =>
    Effect.gen(function* () {
      const { call, url } = yield* scene()
      const { body: device } = yield* call("POST", "/v1/devices", { name: "hall", pairing: "qr" })
      const { body } = yield* call("POST", "/v1/clients", { name: "wall", scopes: ["devices:read"] })
      const look = callerOf(url, body.key.secret)
      const { body: seen } = yield* look("GET", `/v1/devices/${device.id}`)
      assert.deepStrictEqual([seen.name, "qr" in seen], ["hall", false])
      assert.lengthOf((yield* look("GET", "/v1/devices")).body.items, 2)
      const path = `/v1/devices/${device.id}`
      for (const [method, at, asked] of [
        ["GET", `${path}/qr.png`],
        ["POST", "/v1/devices", { name: "x" }],
        ["PATCH", path, { name: "x" }],
        ["POST", `${path}/pair`, {}],
        ["POST", `${path}/reconnect`],
        ["DELETE", path]
      ] as const) {
        assert.strictEqual((yield* look(method, at, asked)).status, 403, `${method} ${at}`)
      }
    })
  )
})
