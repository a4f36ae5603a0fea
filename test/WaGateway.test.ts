import { createHmac } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Redacted } from "effect"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, gatewayOptions, life, start, text } from "./Homing.ts"
import { type Arrival, receiver } from "./Receiver.ts"

const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })
const options = (url: string, secret?: string, signature: "bare" | "prefixed" = "prefixed") => ({
  ...gatewayOptions,
  webhooks: {
    delaysMillis: [0, 100],
    environment: {
      url: Redacted.make(url),
      secret: secret === undefined ? undefined : Redacted.make(secret),
      signature,
      timeoutMillis: 2_000
    }
  }
})
const signed = (secret: string, { text }: Arrival) =>
  `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`
const eventsOf = (arrivals: ReadonlyArray<Arrival>) => arrivals.map(({ body }) => body.event)

describe("an endpoint that WEBHOOK_URL names", () => {
  it.live("is told in the words of wa-gateway-go, follows the environment, and stays removed", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const whatsapp = AcknowledgesAtOnce.make()
      const there = yield* receiver()
      const [first, second, third] = [yield* life, yield* life, yield* life]
      const homing = yield* first.during(start(path, whatsapp.layer, { ports, options: options(there.url, "one") }))
      const listed = (at: typeof homing) =>
        eventually(
          Effect.map(at.call("GET", "/v1/endpoints"), ({ body }) => body.items),
          ({ length }) => length === 1
        )
      const [{ id, ...shown }] = yield* listed(homing)
      assert.deepInclude(shown, { url: there.url, format: "wa-gateway", state: "enabled", personal: true, keys: [] })

      const device = yield* connectedDevice(homing)
      yield* eventually(
        Effect.sync(() => eventsOf(there.arrivals)),
        (all) => all.includes("device.connected")
      )
      const { body: message } = yield* homing.call("POST", "/v1/messages", text(device, "hello"))
      const { waMessageId } = (yield* homing.call("GET", `/v1/messages/${message.id}`)).body
      const sender = { kind: "person", phone: PhoneNumber.make("+60123456780") } as const
      const heard = { chat: sender, sender, name: "Ali", content: { type: "text", text: "is it here?" } } as const
      const tell = Effect.fnUntraced(function* (waMessageId: string, fromMe: boolean) {
        const held = yield* Deferred.make<void>()
        const taken = Effect.asVoid(Deferred.succeed(held, undefined))
        yield* whatsapp.tell({
          _tag: "Heard",
          device: device as never,
          heard: { waMessageId, fromMe, ...heard },
          taken,
          refused: Effect.void
        })
        yield* Deferred.await(held)
      })
      const cut = { _tag: "Disconnected", device: device as never, final: false } as const
      yield* whatsapp.tell({ ...cut, reason: "restarting" })
      yield* whatsapp.tell({ ...cut, reason: "connection_lost" })
      yield* tell("A0", true) // what we said ourselves is nobody new
      yield* tell("A1", false)
      const [contact] = yield* eventually(
        Effect.sync(() => there.arrivals.filter(({ body }) => body.event === "contacts.new")),
        ({ length }) => length === 1
      )
      assert.deepStrictEqual(contact!.body, {
        event: "contacts.new",
        token: device,
        data: { phone: "60123456780", name: "Ali" },
        timestamp: contact!.body.timestamp
      })
      assert.match(contact!.body.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.strictEqual(contact!.headers["content-type"], "application/json")
      for (const arrival of there.arrivals) {
        assert.strictEqual(arrival.headers["x-webhook-signature"], signed("one", arrival))
      }
      for (const { body } of there.arrivals.filter(({ body }) => body.event === "message.receipt")) {
        assert.deepInclude(body.data, { messageIds: [waMessageId], from: "60123456789@s.whatsapp.net" })
      }
      assert.isEmpty(eventsOf(there.arrivals).filter((event) => event.startsWith("homing.")))
      const deliveries = (yield* homing.call("GET", `/v1/deliveries?endpoint=${id}`)).body.items
      assert.isAtLeast(deliveries.length, 2)
      assert.lengthOf(
        deliveries.filter(({ type }: { readonly type: string }) => type === "homing.device.disconnected.v1"),
        1 // of what was heard after them all is there
      )
      yield* first.end

      const again = yield* second.during(
        start(path, whatsapp.layer, { ports, options: options(there.url, "two", "bare") })
      )
      const [{ id: same }] = yield* listed(again)
      assert.strictEqual(same, id)
      yield* eventually(
        Effect.gen(function* () {
          yield* again.call("POST", `/v1/endpoints/${id}/test`, {})
          const last = there.arrivals.at(-1)!
          return `sha256=${last.headers["x-webhook-signature"]}` === signed("two", last)
        }),
        (isSo) => isSo
      )
      assert.strictEqual((yield* again.call("DELETE", `/v1/endpoints/${id}`)).status, 204)
      yield* second.end

      const last = yield* third.during(start(path, whatsapp.layer, { ports, options: options(there.url, "two") }))
      yield* Effect.sleep("500 millis")
      assert.deepStrictEqual((yield* last.call("GET", "/v1/endpoints")).body.items, [])
      yield* third.end
      const keys = new DatabaseSync(join(path, "subject-keys.db"), { readOnly: true })
      assert.strictEqual(keys.prepare("SELECT COUNT(*) AS n FROM destroyed").get()!.n, 1) // nobody reads its address again
      keys.close()
    })
  )
})
