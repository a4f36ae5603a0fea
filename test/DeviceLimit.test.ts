import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, folder, gatewayOptions, start, text } from "./Homing.ts"

it.live("a device over its limit takes nothing new, and answers for what it took", () =>
  Effect.gen(function* () {
    const rateLimits = { messages: 0, devices: 0, device: 1, address: 0, total: 0 }
    const options = { ...gatewayOptions, http: { ...gatewayOptions.http, rateLimits } }
    const homing = yield* start(yield* folder, Instant.layer, { options })
    const device = yield* connectedDevice(homing)
    const send = (key: string, words: string) =>
      homing.call("POST", "/v1/messages", text(device, words), { "idempotency-key": key })

    const first = yield* send("one", "hello")
    assert.deepStrictEqual([first.status, first.body.status], [201, "sent"])
    const second = yield* send("two", "hello")
    assert.deepStrictEqual([second.status, second.body.code], [429, "rate_limited"])
    const repeated = yield* send("one", "hello")
    assert.deepStrictEqual([repeated.status, repeated.body.id], [200, first.body.id])
    assert.strictEqual((yield* send("one", "other words")).body.code, "idempotency_conflict")
    const { body } = yield* homing.call("GET", "/v1/messages")
    assert.isAtMost(body.items.length, 1)
  })
)
