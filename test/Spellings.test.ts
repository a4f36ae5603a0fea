import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ApiKeyId, ClientId, DeviceId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, folder, start, text } from "./Homing.ts"

const key = (written: string) => ({ "idempotency-key": written })

const scene = Effect.gen(function* () {
  const whatsapp = Instant.make({ keep: 100 })
  const homing = yield* start(yield* folder, whatsapp.layer)
  return { homing, whatsapp, device: yield* connectedDevice(homing) }
})

describe("spellings", () => {
  it.live("of one number are one recipient, one chat and one idempotent request", () =>
    Effect.gen(function* () {
      const { device, homing, whatsapp } = yield* scene
      const spellings = [
        "+60123456789",
        "+60 12-345 6789",
        "012-345 6789",
        "0060 12 345 6789",
        "+60 (0)12.345.6789",
        "\u202a+60\u00a012\u20113456789\u202c",
        "\uff0b\uff16\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19"
      ]
      const ids = new Set<string>()
      const chats = new Set<string>()
      for (const [i, to] of spellings.entries()) {
        const again = yield* homing.call("POST", "/v1/messages", { ...text(device), to }, key("one"))
        assert.strictEqual(again.status, i === 0 ? 201 : 200, to)
        assert.strictEqual(again.body.to, "+60123456789")
        ids.add(again.body.id)
        const other = yield* homing.call("POST", "/v1/messages", { ...text(device), to }, key(`other-${i}`))
        const { body } = yield* homing.call("GET", `/v1/messages/${other.body.id}/events`)
        chats.add(body.items[0].data.recipient.address.subject)
      }
      assert.deepStrictEqual([ids.size, chats.size], [1, 1])
      assert.strictEqual(whatsapp.sent.length, 1 + spellings.length)
    })
  )

  it.live("of numbers that WhatsApp alone can tell to be one stay two: nothing is sent twice under one key", () =>
    Effect.gen(function* () {
      const { device, homing, whatsapp } = yield* scene
      const forms = [
        ["+525512345678", "+5215512345678"],
        ["+5511987654321", "+551187654321"],
        ["+541123456789", "+5491123456789"]
      ] as const
      for (const [one, other] of forms) {
        const first = yield* homing.call("POST", "/v1/messages", { ...text(device), to: one }, key(one))
        assert.deepStrictEqual([first.status, first.body.to], [201, one])
        const second = yield* homing.call("POST", "/v1/messages", { ...text(device), to: other }, key(one))
        assert.deepStrictEqual([second.status, second.body.code], [409, "idempotency_conflict"])
        const third = yield* homing.call("POST", "/v1/messages", { ...text(device), to: other }, key(other))
        assert.deepStrictEqual([third.status, third.body.to], [201, other])
      }
      assert.strictEqual(whatsapp.sent.length, 6)
    })
  )

  it.live("of one idempotency key are one message, with quotes and without", () =>
    Effect.gen(function* () {
      const { device, homing, whatsapp } = yield* scene
      const send = (written: string) => homing.call("POST", "/v1/messages", text(device), key(written))
      const bare = yield* send("abc-1")
      const quoted = yield* send('"abc-1"')
      assert.deepStrictEqual([bare.status, quoted.status, quoted.body.id], [201, 200, bare.body.id])
      const first = yield* send('"abc 2"')
      const second = yield* send('"abc 2"')
      assert.deepStrictEqual([first.status, second.status, second.body.id], [201, 200, first.body.id])
      assert.strictEqual(whatsapp.sent.length, 2)
    })
  )

  it.live("find what an earlier release accepted, to which quotes were a part of the key", () =>
    Effect.gen(function* () {
      const { device, homing, whatsapp } = yield* scene
      // the client of the configured key, of which messages' ids follow
      const caller = { client: ClientId.make("1f0a6d2e-7b1d-8c52-9d7e-4c1e9c1b3f10"), key: ApiKeyId.make("configured") }
      const before = yield* homing.messages.send(caller, {
        idempotencyKey: '"abc-1"',
        device: DeviceId.make(device),
        to: { kind: "phone", address: PhoneNumber.make("+60123456789") },
        content: { type: "text", text: "hello" },
        confirm: { until: "sent", timeoutMs: 30_000 },
        expiresInSeconds: 86_400,
        tags: {}
      })
      const again = yield* homing.call("POST", "/v1/messages", text(device), key('"abc-1"'))
      assert.deepStrictEqual([again.status, again.body.id], [200, before.document.id])
      const other = yield* homing.call("POST", "/v1/messages", text(device, "other"), key('"abc-1"'))
      assert.strictEqual(other.body.code, "idempotency_conflict")
      const bare = yield* homing.call("POST", "/v1/messages", text(device, "another"), key("abc-1"))
      assert.deepStrictEqual([bare.status, bare.body.id === before.document.id], [201, false])
      assert.strictEqual(whatsapp.sent.length, 2)
    })
  )
})
