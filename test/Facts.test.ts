import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { callerOf, eventually, folder } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

const own = "4915123987604"
const friend = "60123987651"
const type = "homing.inbound.message.v1"

describe("what a contact writes to a device", () => {
  it.live("is recorded once, told to whoever follows, and shown to those who may read it", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const whatsapp = yield* simulator(cwd)
      const gateway = yield* started({ cwd, env: { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url } })
      const { body: made } = yield* gateway.call("POST", "/v1/devices", { name: "desk", pairing: "qr" })
      const device: string = made.id
      yield* scan(gateway, whatsapp, device, own)
      yield* eventually(gateway.call("GET", `/v1/devices/${device}`), ({ body }) => body.state === "connected")
      const keyOf = Effect.fnUntraced(function* (...[asked]: [object]) {
        const { body } = yield* gateway.call("POST", "/v1/clients", { name: "one", ...asked })
        return callerOf(gateway.url, body.key.secret)
      })
      const follower = yield* keyOf({ scopes: ["events:read"] })
      const stranger = yield* keyOf({ scopes: ["events:read", "messages:read"], devices: [] })
      const holder = yield* keyOf({ scopes: ["messages:read"], devices: [device] })
      const reader = yield* keyOf({ scopes: ["messages:read"] })

      const { body: before } = yield* follower("GET", "/v1/events?limit=500")
      const wait = `/v1/events?after=${before.next}&types=${type}&device=${device}&waitMs=30000`
      const waiting = yield* Effect.forkChild(follower("GET", wait))
      yield* whatsapp.control("incoming", { from: friend, to: own, text: "an answer" })
      const { body: told } = yield* Fiber.join(waiting)
      const [event] = told.items
      assert.strictEqual(told.items.length, 1)
      assert.deepInclude(event, { type, source: `/devices/${device}` })
      assert.isFalse("content" in event.data)
      assert.notInclude(JSON.stringify(told), friend)

      const whole = yield* gateway.call("GET", `/v1/events?after=${before.next}&types=${type}`)
      assert.deepStrictEqual(whole.body.items[0].data.content, { type: "text", text: "an answer" })
      assert.strictEqual(whole.body.items[0].data.sender.phone, `+${friend}`)
      const fact = yield* gateway.call("GET", `/v1/inbound/${event.subject}`)
      const { recordedAt, ...data } = fact.body
      assert.deepStrictEqual([data, recordedAt], [whole.body.items[0].data, event.time])
      for (const caller of [gateway.call, holder]) {
        const list = yield* eventually(caller("GET", "/v1/inbound"), ({ body }) => body.items?.length === 1)
        assert.deepStrictEqual(list.body, { items: [fact.body], next: null })
        assert.deepStrictEqual((yield* caller("GET", `/v1/inbound/${event.subject}`)).body, fact.body)
      }

      const said = { from: friend, to: own, of: event.data.waMessageId }
      for (const change of [
        { kind: "edit", text: "another answer", encrypted: true },
        { kind: "reaction", text: "👍" },
        { kind: "delete" }
      ]) {
        yield* whatsapp.control("incoming", { ...said, ...change })
      }
      const types = "homing.inbound.edit.v1,homing.inbound.reaction.v1,homing.inbound.deletion.v1"
      const changed = yield* eventually(
        gateway.call("GET", `/v1/events?after=${told.next}&types=${types}`),
        ({ body }) => body.items?.length === 3
      )
      const kinds = changed.body.items.map(({ data }: { data: { kind: string } }) => data.kind)
      assert.deepStrictEqual(kinds, ["edit", "reaction", "deletion"])
      for (const { data } of changed.body.items) {
        assert.deepStrictEqual(data.target, { waMessageId: event.data.waMessageId, fromMe: false })
      }
      assert.deepStrictEqual(changed.body.items[0].data.content.content, { type: "text", text: "another answer" })
      const hidden = yield* follower("GET", `/v1/events?after=${told.next}&types=${types}`)
      assert.deepStrictEqual(hidden.body.items[0].data.target, changed.body.items[0].data.target)
      assert.notInclude(JSON.stringify(hidden.body), "another answer")

      // a device that is not there for a client says nothing to it, and texts are for those who were given them
      assert.deepStrictEqual((yield* stranger("GET", "/v1/events")).body.items, [])
      for (const caller of [stranger, reader]) {
        assert.deepStrictEqual((yield* caller("GET", "/v1/inbound")).body.items, [])
        assert.strictEqual((yield* caller("GET", `/v1/inbound/${event.subject}`)).body.code, "inbound_not_found")
      }
      assert.strictEqual((yield* follower("GET", "/v1/inbound")).body.code, "forbidden")
      assert.strictEqual((yield* reader("GET", "/v1/events")).body.code, "forbidden")
      assert.strictEqual((yield* holder("GET", "/v1/inbound?device=none")).body.code, "invalid_request")
      for (const wrong of ["after=x", "types=homing.message", "waitMs=30001", "device=none", "limit=0"]) {
        assert.strictEqual((yield* follower("GET", `/v1/events?${wrong}`)).body.code, "invalid_request", wrong)
      }
    })
  )
})
