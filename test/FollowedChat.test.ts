import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { until } from "#domain/testing/Eventually.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { Facts } from "#services/inbound/Inbound.ts"
import * as Log from "#services/telemetry/Log.ts"
import { listening, together } from "#services/testing/Composition.ts"
import { eventSource, webSocket } from "./Followers.ts"
import { apiKey, callerOf, connectedDevice, eventually, folder, gatewayOptions, text } from "./Homing.ts"

const phone = PhoneNumber.make("+60123456789") // whom `text` writes to
const lid = Lid.make("900002")
const other = { kind: "person", lid: Lid.make("900003") } as const

const product = Effect.gen(function* () {
  const { layer } = AcknowledgesAtOnce.make({ keep: 100 })
  const { services, url } = yield* listening(
    together(yield* folder, gatewayOptions, layer).pipe(
      Layer.provide(Log.layer({ level: "warn", out: { write: () => {} } }))
    )
  )
  const call = callerOf(url, apiKey)
  const device = yield* connectedDevice({ url, call })
  const { receive } = Context.get(services, Facts)
  let told = 0
  const hear = (who: Heard["sender"]) =>
    receive(
      Heard.make({
        waMessageId: `F${++told}`,
        chat: who,
        sender: who,
        fromMe: false,
        content: { type: "text", text: "hello" }
      }),
      {
        device: DeviceId.make(device),
        at: fromMillis(1_760_000_000_000 + told),
        origin: { actor: { kind: "agent", id: "home" }, causationId: "heard" }
      }
    )
  return { url, call, device, hear }
})

interface Told {
  readonly subject: string
}
const subjectsOf = (events: ReadonlyArray<Told>) => [...new Set(events.map(({ subject }) => subject))]

it.live("who follows a chat is told what is said in it, under whichever name, also one that is new", () =>
  Effect.gen(function* () {
    const { call, device, hear, url } = yield* product
    const byLid = yield* hear({ kind: "person", lid })
    const { body: sent } = yield* call("POST", "/v1/messages", text(device, "on its way"))
    yield* hear(other)
    const listed = call("GET", "/v1/chats")
    const { body: chats } = yield* eventually(listed, ({ body }) => body.items?.length === 3)
    const ofPhone = chats.items.find((chat: { readonly phone?: string }) => chat.phone === phone)
    const ofLid = chats.items.find((chat: { readonly lid?: string }) => chat.lid === lid)
    const eventsOf = (chat: string, more = "") =>
      Effect.map(call("GET", `/v1/events?limit=500&chat=${chat}${more}`), ({ body }) => subjectsOf(body.items))
    assert.deepStrictEqual(yield* eventsOf(ofPhone.id), [sent.id])
    assert.deepStrictEqual(yield* eventsOf(ofLid.id), [byLid])
    assert.deepStrictEqual(yield* eventsOf(ofLid.id, "&types=homing.message.queued.v1"), [])

    const stream = yield* eventSource(`${url}/v1/live?chat=${ofPhone.id}`, apiKey)
    const socket = yield* webSocket(`${url}/v1/live`)
    const first = { type: "auth", key: apiKey, chat: ofPhone.id, types: ["homing.inbound.message.v1"] }
    socket.socket.send(JSON.stringify(first))
    yield* until(() => stream.lastId() !== undefined && socket.told.length > 0)
    yield* hear(other)
    const link = yield* hear({ kind: "person", lid, phone })
    const later = yield* hear({ kind: "person", lid })
    const { body: again } = yield* call("POST", "/v1/messages", text(device, "once more"))
    yield* until(() => stream.told.length >= 4 && socket.told.length >= 3)
    assert.deepStrictEqual(subjectsOf(stream.told.map(({ data }) => data)), [link, later, again.id])
    assert.deepStrictEqual(subjectsOf(socket.told.filter(({ subject }) => subject !== undefined)), [link, later])
    // whoever reads it from the beginning now is told all that is said in it
    for (const { id } of [ofPhone, ofLid]) {
      assert.deepStrictEqual(yield* eventsOf(id), [byLid, sent.id, link, later, again.id])
    }
  })
)

it.live("a chat that is not there, or not the key's, is refused", () =>
  Effect.gen(function* () {
    const { call, device, hear, url } = yield* product
    yield* hear(other)
    const { body } = yield* eventually(call("GET", "/v1/chats"), ({ body }) => body.items?.length === 1)
    const [{ id }] = body.items
    const keyOf = Effect.fnUntraced(function* (devices: ReadonlyArray<string>) {
      const made = yield* call("POST", "/v1/clients", { name: "one", scopes: ["events:read"], devices })
      return made.body.key.secret as string
    })
    const [none, own] = [yield* keyOf([]), yield* keyOf([device])]
    const codes = Effect.fnUntraced(function* (chat: string, key: string) {
      const page = yield* callerOf(url, key)("GET", `/v1/events?chat=${chat}`)
      const stream = yield* eventSource(`${url}/v1/live?chat=${chat}`, key)
      const socket = yield* webSocket(`${url}/v1/live?chat=${chat}`, { headers: { "x-api-key": key } })
      return [page.status, stream.status, socket.refused?.status ?? 200]
    })
    const nowhere = "11111111-1111-5111-8111-111111111111"
    assert.deepStrictEqual(yield* codes(nowhere, apiKey), [404, 404, 404])
    assert.deepStrictEqual(yield* codes("x", apiKey), [422, 422, 422])
    assert.deepStrictEqual(yield* codes(id, none), [404, 404, 404])
    assert.deepStrictEqual(yield* codes(id, own), [200, 200, 200])
  })
)
