import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, callerOf, connectedDevice, eventually, folder, type Homing, life, start } from "./Homing.ts"

const clientWith = ({ call, url }: Homing, name: string, ...scopes: ReadonlyArray<string>) =>
  Effect.map(call("POST", "/v1/clients", { name, scopes }), ({ body }) => ({
    id: body.id as string,
    secret: body.key.secret as string,
    call: callerOf(url, body.key.secret)
  }))
type Caller = Pick<Homing, "call">

const send = ({ call }: Caller, device: string, words: string) =>
  Effect.map(
    call("POST", "/v1/messages", { device, to: "+15550100002", content: { type: "text", text: words } }),
    ({ body }) => body.id as string
  )
const textsOf = ({ call }: Caller) =>
  Effect.map(call("GET", "/v1/messages"), ({ body }) =>
    // while rows are made at a start there is no list
    (body.items ?? []).map((item: { content: { text: string } }) => item.content.text).toSorted()
  )
const statuses = ({ call }: Caller, ...paths: ReadonlyArray<string>) =>
  Effect.forEach(paths, (path) => Effect.map(call("GET", path), ({ status }) => status))

describe("clients", () => {
  it.live("read what is theirs and nobody else's, but for a key that reads everybody's; also after a restart", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const begin = start(path, Instant.make({ keep: 10 }).layer)
      const first = yield* life
      const homing = yield* first.during(begin)
      const device = yield* connectedDevice(homing)
      const shop = yield* clientWith(homing, "shop", "messages:send", "messages:read")
      const till = yield* clientWith(homing, "till", "messages:send", "messages:read")
      const board = yield* clientWith(homing, "board", "messages:read:all")
      const sender = yield* clientWith(homing, "sender", "messages:send")
      const ours = yield* send(shop, device, "of the shop")
      const theirs = yield* send(till, device, "of the till")
      const blind = yield* send(sender, device, "of the sender")
      yield* send(homing, device, "of the configured")

      const look = Effect.fnUntraced(function* (url: string) {
        const at = ({ secret }: { readonly secret: string }) => ({ call: callerOf(url, secret) })
        yield* eventually(textsOf(at(board)), (all) => all.length === 4)
        const everything = ["of the configured", "of the sender", "of the shop", "of the till"]
        assert.deepStrictEqual(yield* textsOf(at(board)), everything)
        assert.deepStrictEqual(yield* textsOf({ call: callerOf(url, apiKey) }), everything)
        assert.deepStrictEqual(yield* textsOf(at(shop)), ["of the shop"])
        assert.deepStrictEqual(yield* textsOf(at(till)), ["of the till"])
        const paths = [ours, theirs].flatMap((id) => [`/v1/messages/${id}`, `/v1/messages/${id}/events`])
        assert.deepStrictEqual(yield* statuses(at(shop), ...paths), [200, 200, 404, 404])
        assert.deepStrictEqual(yield* statuses(at(board), ...paths), [200, 200, 200, 200])
        const own = [`/v1/messages/${blind}`, `/v1/messages/${ours}`]
        assert.deepStrictEqual(yield* statuses(at(sender), ...own), [200, 404])
        assert.deepStrictEqual(yield* statuses(at(board), "/metrics", "/health/detailed"), [403, 403])
      })
      yield* look(homing.url)
      yield* first.end
      const again = yield* begin
      yield* look(again.url)
    })
  )

  it.live(
    "that wait for what happens are told nothing of what comes after their key was revoked, or sees other devices",
    () =>
      Effect.gen(function* () {
        const homing = yield* start(yield* folder, Instant.make({ keep: 10 }).layer)
        const device = yield* connectedDevice(homing)
        const client = yield* clientWith(homing, "shop", "events:read", "messages:read:all")
        const isWaited = Effect.map(homing.call("GET", "/metrics"), ({ body }) =>
          body.text.includes("event_waits_open 1\n")
        )
        const toldAfter = Effect.fnUntraced(function* (decision: ReturnType<Homing["call"]>) {
          const { next } = (yield* homing.call("GET", "/v1/events?limit=500")).body
          const wait = `/v1/events?after=${next}&types=homing.message.queued.v1&waitMs=20000`
          const waiting = yield* Effect.forkChild(client.call("GET", wait))
          yield* eventually(isWaited, (isSo) => isSo)
          yield* decision
          yield* send(homing, device, "of the configured")
          const { body, status } = yield* Fiber.join(waiting)
          return { next, body, status }
        })
        const own = `/v1/clients/${client.id}`
        const limited = yield* toldAfter(homing.call("PATCH", own, { devices: [] }))
        assert.deepStrictEqual([limited.status, limited.body], [200, { items: [], next: limited.next, more: true }])
        const { body: again } = yield* homing.call("PATCH", own, { devices: null })
        const revoked = yield* toldAfter(homing.call("DELETE", `${own}/keys/${client.secret.split("_")[1]}`))
        assert.deepStrictEqual([again.devices, revoked.status, revoked.body.code], [null, 401, "unauthorized"])
      })
  )

  it.live(
    "that may not read make no endpoint that is told what is personal, change none, and are not told its secret",
    () =>
      Effect.gen(function* () {
        const homing = yield* start(yield* folder, Instant.make({ keep: 10 }).layer)
        const clerk = yield* clientWith(homing, "clerk", "webhooks:manage")
        const url = "https://shop.example/homing"
        const made = yield* homing.call("POST", "/v1/endpoints", { url, personal: true })
        const own = `/v1/endpoints/${made.body.id}`
        for (const [method, path, body] of [
          ["POST", "/v1/endpoints", { url, personal: true }],
          ["PATCH", own, { url: "https://thief.example/" }],
          ["POST", `${own}/rotate`, {}]
        ] as const) {
          const refused = yield* clerk.call(method, path, body)
          assert.deepStrictEqual(
            [refused.status, refused.body.code, refused.body.secret],
            [403, "forbidden", undefined]
          )
        }
        assert.strictEqual((yield* clerk.call("PATCH", own, { personal: false })).status, 200)
        assert.match((yield* clerk.call("POST", `${own}/rotate`, {})).body.secret, /^whsec_/)
      })
  )
})
