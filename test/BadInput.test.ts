import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { callerOf, connectedDevice, folder, type Homing, start, text } from "./Homing.ts"

const nobody = "00000000-0000-7000-8000-000000000000"
const deep = `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`

/** What can be wrong with a message, and the one code that says so. */
const wrong = (
  device: string
): Readonly<Record<string, readonly [body: unknown, headers?: Record<string, string>]>> => {
  const right = text(device)
  const saying = (words: unknown) => ({ ...right, content: { type: "text", text: words } })
  return {
    "400 bad_request: broken": [JSON.stringify(right).slice(0, -1)],
    "400 bad_request: nested too deeply": [deep],
    "400 bad_request: empty": [""],
    "404 device_not_found: unknown device": [text(nobody)],
    "404 device_not_found: no device's id": [text("the blue one")],
    "413 payload_too_large: a megabyte": [saying("x".repeat(1_048_576))],
    "415 unsupported_media_type: a form": [right, { "content-type": "application/x-www-form-urlencoded" }],
    "422 invalid_number: too short": [{ ...right, to: "+6012" }],
    "422 invalid_number: possible, and too short": [{ ...right, to: "+491234" }],
    "422 invalid_number: possible, and too long": [{ ...right, to: "+49 12345678901234" }],
    "422 invalid_number: too long": [{ ...right, to: "+60123456789012345678" }],
    "422 invalid_number: words": [{ ...right, to: "my sister" }],
    "422 invalid_number: empty": [{ ...right, to: "" }],
    "422 invalid_request: empty text": [saying("")],
    "422 invalid_request: text too long": [saying("x".repeat(65_537))],
    "422 invalid_request: text is a number": [saying(7)],
    "422 invalid_request: half a character": [
      `{"device":"${device}","to":"+60123456789","content":{"type":"text","text":"\\ud800"}}`
    ],
    "422 invalid_request: half a character in a tag": [{ ...right, tags: { order: "\udc00" } }],
    "422 invalid_request: half a character in a tag's key": [{ ...right, tags: { "a\ud800": "4711" } }],
    "422 invalid_request: patience beyond reason": [{ ...right, confirm: { timeoutMs: 60_001 } }],
    "422 invalid_request: an expiry in the past": [{ ...right, expiresInSeconds: -1 }],
    "422 invalid_request: a list": [[right]],
    "422 invalid_request: a key of spaces": [right, { "idempotency-key": "a b" }]
  }
}

const statusesOf = Effect.fnUntraced(function* ({ call }: Homing) {
  const { body } = yield* call("GET", "/v1/messages")
  return body.items.map(({ status }: { status: string }) => status)
})

describe("bad input", () => {
  it.live("is refused with one code each, waiting or not; nothing of it is accepted, and its key stays free", () =>
    Effect.gen(function* () {
      const whatsapp = Instant.make({ keep: 10 })
      const homing = yield* start(yield* folder, whatsapp.layer)
      const device = yield* connectedDevice(homing)
      const key = { "idempotency-key": "used-only-by-what-is-right" }
      for (const [name, [body, headers]] of Object.entries(wrong(device))) {
        const isObject = typeof body === "object" && !Array.isArray(body)
        const impatient = isObject ? [{ confirm: { timeoutMs: 0 }, ...(body as object) }] : []
        for (const one of [body, ...impatient]) {
          const answer = yield* homing.call("POST", "/v1/messages", one, { ...key, ...headers })
          assert.strictEqual(`${answer.status} ${answer.body.code}: ${name.split(": ")[1]}`, name)
          assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
        }
      }
      assert.deepStrictEqual([yield* statusesOf(homing), whatsapp.sent.length], [[], 0])
      const right = yield* homing.call("POST", "/v1/messages", text(device), key)
      assert.deepStrictEqual([right.status, right.body.status], [201, "sent"])
    })
  )

  it.live("is a key that is none, may not, or may no longer", () =>
    Effect.gen(function* () {
      const whatsapp = Instant.make({ keep: 10 })
      const homing = yield* start(yield* folder, whatsapp.layer)
      const device = yield* connectedDevice(homing)
      const clientWith = (...scopes: ReadonlyArray<string>) =>
        Effect.map(homing.call("POST", "/v1/clients", { name: "shop", scopes }), ({ body }) => ({
          call: callerOf(homing.url, body.key.secret),
          path: `/v1/clients/${body.id}/keys/${body.key.id}`
        }))
      const codeOf = (call: Homing["call"], headers = {}) =>
        Effect.map(call("POST", "/v1/messages", text(device), headers), ({ body }) => body.code ?? body.status)

      assert.strictEqual(yield* codeOf(homing.call, { authorization: "" }), "unauthorized")
      assert.strictEqual(yield* codeOf(callerOf(homing.url, "hk_0123456789abcdef_nothing")), "unauthorized")
      assert.strictEqual(yield* codeOf((yield* clientWith("messages:read", "devices:manage")).call), "forbidden")
      const sender = yield* clientWith("messages:send")
      assert.strictEqual(yield* codeOf(sender.call), "sent")
      assert.strictEqual((yield* homing.call("DELETE", sender.path)).status, 204)
      assert.strictEqual(yield* codeOf(sender.call), "unauthorized")
      assert.strictEqual(whatsapp.sent.length, 1)
    })
  )
})
