import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { Facts } from "#services/inbound/Inbound.ts"
import * as Log from "#services/telemetry/Log.ts"
import { listening, together } from "#services/testing/Composition.ts"
import { apiKey, callerOf, connectedDevice, eventually, folder, gatewayOptions, text } from "./Homing.ts"
import { homing } from "./Process.ts"

/** Contacts and chats over HTTP, of what a device has heard and what was sent. */

const phone = PhoneNumber.make("+60123456789")
const lid = Lid.make("900002")
const byLid = { kind: "person", lid } as const
const both = { kind: "person", lid, phone } as const

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
  const hear = (heard: Partial<Heard> & Pick<Heard, "content">, by = device) =>
    receive(Heard.make({ waMessageId: `F${++told}`, chat: byLid, sender: byLid, fromMe: false, ...heard }), {
      device: DeviceId.make(by),
      at: fromMillis(1_760_000_000_000 + told),
      origin: { actor: { kind: "agent", id: "home" }, causationId: "heard" }
    })
  const keyOf = Effect.fnUntraced(function* (asked: object) {
    const { body } = yield* call("POST", "/v1/clients", { name: "one", scopes: ["messages:read"], ...asked })
    return callerOf(url, body.key.secret)
  })
  return { url, call, device, hear, keyOf }
})

describe("contacts and chats", () => {
  it.live("are read by whoever may read what a device heard", () =>
    Effect.gen(function* () {
      const { call, device, hear, keyOf, url } = yield* product
      const fact = yield* hear({ content: { type: "text", text: "hello" }, name: '=Ali, of "Ipoh"' })
      const { body: sent } = yield* call("POST", "/v1/messages", text(device, "on its way"))
      const list = (path: string, items: number) =>
        eventually(call("GET", path), ({ body }) => body.items?.length === items)
      const { body: two } = yield* list("/v1/chats", 2)
      const about = { waMessageId: sent.waMessageId, fromMe: true }
      const like = yield* hear({ content: { type: "reaction", target: about, emoji: "👍" } })
      const link = yield* hear({ chat: both, sender: both, content: { type: "text", text: "it is me" } })

      const { body: chats } = yield* list("/v1/chats", 1)
      const [chat] = chats.items
      const names = chat.names as ReadonlyArray<string>
      assert.deepInclude(chat, { device, kind: "person", phone, lid, name: '=Ali, of "Ipoh"' })
      assert.strictEqual(names.length, 2)
      assert.isTrue(two.items.some(({ id }: { readonly id: string }) => id === chat.id))
      for (const { id } of two.items) {
        const { body } = yield* call("GET", `/v1/chats/${id}/messages`)
        assert.strictEqual(body.items.length, 3)
        assert.strictEqual((yield* call("GET", `/v1/contacts/${id}`)).body.id, chat.id)
      }
      for (const { id } of two.items) assert.deepStrictEqual((yield* call("GET", `/v1/chats/${id}`)).body, chat)
      const path = `/v1/chats/${chat.id}/messages`
      const { body: page } = yield* call("GET", `${path}?limit=2`)
      assert.deepStrictEqual(
        page.items.map(({ id }: { readonly id: string }) => id),
        [link, sent.id]
      )
      const { reactions, ...message } = page.items[1]
      assert.deepInclude(message, { origin: "sent", status: "sent", content: { type: "text", text: "on its way" } })
      assert.deepInclude(reactions[0], { fact: like, emoji: "👍", contact: chat.id })
      const { body: rest } = yield* call("GET", `${path}?after=${page.next}`)
      assert.deepInclude(rest, { next: null })
      assert.deepInclude(rest.items[0], { id: fact, origin: "heard", contact: chat.id })

      for (const asked of ["phone=60123456789", "phone=%2B60123456789", `lid=${lid}`, `lid=${lid}&phone=60123456789`]) {
        const { body } = yield* call("GET", `/v1/contacts?${asked}`)
        assert.deepStrictEqual(body.items, [
          { id: chat.id, device, names, phone, lid, name: chat.name, lastHeardAt: chat.lastHeardAt }
        ])
      }
      assert.deepStrictEqual((yield* call("GET", "/v1/contacts?phone=60123456780")).body.items, [])

      const holder = yield* keyOf({ devices: [device] })
      assert.deepStrictEqual((yield* holder("GET", "/v1/chats")).body, chats)
      assert.deepStrictEqual((yield* holder("GET", `${path}?limit=2`)).body, page)
      for (const stranger of [yield* keyOf({ devices: [] }), yield* keyOf({})]) {
        for (const list of ["contacts", "chats"]) {
          assert.deepStrictEqual((yield* stranger("GET", `/v1/${list}`)).body.items, [])
          assert.deepStrictEqual((yield* stranger("GET", `/v1/${list}?device=${device}`)).body.items, [])
        }
        assert.deepStrictEqual((yield* stranger("GET", "/v1/contacts?phone=60123456789")).body.items, [])
        for (const asked of [path, `/v1/chats/${chat.id}`]) {
          assert.strictEqual((yield* stranger("GET", asked)).body.code, "chat_not_found")
        }
        assert.strictEqual((yield* stranger("GET", `/v1/contacts/${chat.id}`)).body.code, "contact_not_found")
        assert.notInclude((yield* stranger("GET", "/v1/contacts?format=csv")).body.text, device)
      }
      const other = yield* keyOf({ scopes: ["devices:read"] })
      for (const asked of ["/v1/contacts", "/v1/contacts?format=csv", "/v1/chats", path, `/v1/chats/${chat.id}`]) {
        assert.strictEqual((yield* other("GET", asked)).body.code, "forbidden")
      }
      for (const wrong of [
        "contacts?after=x",
        "contacts?phone=a",
        "contacts?lid=a",
        "contacts?format=xml",
        "chats?device=x",
        `chats/${chat.id}/messages?after=x`,
        "chats?limit=0"
      ]) {
        assert.strictEqual((yield* call("GET", `/v1/${wrong}`)).body.code, "invalid_request", wrong)
      }
      for (const nobody of [
        "contacts/x",
        "chats/x",
        "chats/x/messages",
        `contacts/${device}`,
        `chats/${device}`,
        `chats/${device}/messages`
      ]) {
        assert.strictEqual((yield* call("GET", `/v1/${nobody}`)).status, 404, nobody)
      }

      const command = yield* homing(["chats", "messages", chat.id, "--url", url], {
        cwd: yield* folder,
        env: { NO_COLOR: "1", API_KEY: apiKey }
      })
      assert.deepStrictEqual([(yield* command.ended).code, command.stderr()], [0, ""])
      assert.deepStrictEqual(
        command
          .stdout()
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line).id),
        [link, sent.id, fact]
      )

      const csv = yield* call("GET", "/v1/contacts", undefined, { accept: "text/csv" })
      assert.match(csv.headers.get("content-type")!, /^text\/csv/)
      const row = [chat.id, device, phone, lid, `'=Ali, of ""Ipoh""`, chat.lastHeardAt]
      const lines = [["id", "device", "phone", "lid", "name", "lastHeardAt"], row]
      assert.strictEqual(csv.body.text, lines.map((cells) => `"${cells.join('","')}"\r\n`).join(""))
    })
  )

  it.live("of a group have the name that it had when something was heard there last", () =>
    Effect.gen(function* () {
      const { call, hear, url } = yield* product
      const house = { kind: "group", address: "120363000000000001@g.us" } as const
      const hello = { sender: byLid, content: { type: "text", text: "hello" } } as const
      const named = (wanted: string | undefined) =>
        eventually(call("GET", "/v1/chats"), ({ body }) => body.items?.[0]?.name === wanted)
      yield* hear({ ...hello, chat: { ...house, name: "the house" } })
      const { body: before } = yield* named("the house")
      yield* hear({ ...hello, chat: { ...house, name: "our house" } })
      const { body: after } = yield* named("our house")
      assert.strictEqual(after.items.length, 1)
      assert.deepInclude(after.items[0], { id: before.items[0].id, address: house.address })
      const { body } = yield* call("GET", "/v1/events?types=homing.inbound.message.v1")
      assert.deepStrictEqual(
        body.items.map(({ data }: { readonly data: { readonly chat: object } }) => Reflect.get(data.chat, "name")),
        ["the house", "our house"]
      )
      const blind = yield* call("POST", "/v1/clients", { name: "blind", scopes: ["events:read"] })
      const shown = yield* callerOf(url, blind.body.key.secret)("GET", "/v1/events")
      assert.notInclude(JSON.stringify(shown.body), "house")
    })
  )

  it.live("of many the table has all, in as many pages as it takes", () =>
    Effect.gen(function* () {
      const { call, hear } = yield* product
      const numbers = Array.from({ length: 450 }, (_, n) => String(100_000 + n))
      yield* Effect.forEach(
        numbers,
        (number) => {
          const person = { kind: "person", lid: Lid.make(number) } as const
          return hear({ chat: person, sender: person, content: { type: "text", text: "hello" } })
        },
        { concurrency: "unbounded", discard: true }
      )
      const csv = yield* eventually(
        call("GET", "/v1/contacts?format=csv"),
        ({ body }) => body.text?.split("\r\n").length >= 452
      )
      const lids = (csv.body.text as string)
        .split("\r\n")
        .slice(1, -1)
        .map((line) => line.split('","')[3])
      assert.sameMembers(lids, numbers)
      const seen: Array<string> = []
      for (let after = ""; after !== "null"; ) {
        const { body } = yield* call("GET", `/v1/contacts?limit=200${after}`)
        seen.push(...body.items.map(({ lid }: { readonly lid: string }) => lid))
        after = body.next === null ? "null" : `&after=${body.next}`
      }
      assert.deepStrictEqual(seen, lids)
    })
  )
})
