import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { Lid, type Person } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { until } from "#domain/testing/Eventually.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventSource, type Told, webSocket } from "./Followers.ts"
import { apiKey, connectedDevice, eventually, folder, start } from "./Homing.ts"

/** How people are seen, from a device's session to whoever looks. */

const bob: Person = { kind: "person", phone: PhoneNumber.make("+15550100002"), lid: Lid.make("900002") }
const carol: Person = { kind: "person", lid: Lid.make("900003") }

it.live(
  "is shown to live connections that ask for it and may read, while it is so, and stands nowhere afterwards",
  () =>
    Effect.gen(function* () {
      const whatsapp = AcknowledgesAtOnce.make()
      const { call, url } = yield* start(yield* folder, whatsapp.layer)
      const device = yield* connectedDevice({ call, url })
      const live = `${url}/v1/live`
      const hear = (sender: Person, n: number) =>
        whatsapp.tell({
          _tag: "Heard",
          device: DeviceId.make(device),
          heard: {
            waMessageId: `A${n}`,
            chat: sender,
            sender,
            fromMe: false,
            content: { type: "text", text: "hello" }
          },
          taken: Effect.void,
          refused: Effect.void
        })
      yield* hear(bob, 1)
      yield* hear(carol, 2)
      const chats = yield* eventually(call("GET", "/v1/chats"), ({ body }) => body.items?.length === 2)
      const ofCarol = chats.body.items.find(({ lid }: { readonly lid: string }) => lid === carol.lid)
      const keyOf = (asked: object) =>
        Effect.map(call("POST", "/v1/clients", { name: "one", ...asked }), ({ body }) => body.key.secret as string)
      const blind = yield* keyOf({ scopes: ["events:read"] })
      const holder = yield* keyOf({ scopes: ["events:read", "messages:read"], devices: [device] })

      const asking = yield* eventSource(`${live}?presence=true`, apiKey)
      const narrow = yield* eventSource(`${live}?presence=true&chat=${ofCarol.id}&types=homing.message.sent.v1`, holder)
      const silent = yield* eventSource(live, apiKey)
      const mute = yield* eventSource(`${live}?presence=true`, blind)
      const socket = yield* webSocket(`${live}?presence=true`, { headers: { "x-api-key": holder } })
      for (const one of [asking, narrow, silent, mute]) assert.strictEqual(one.status, 200)
      yield* until(() => [asking, narrow, silent, mute].every(({ lastId }) => lastId() !== undefined))
      const introduced = yield* webSocket(live)
      introduced.socket.send(JSON.stringify({ type: "auth", key: holder, presence: true }))
      yield* until(() => socket.told.length > 0 && introduced.told.length > 0)
      assert.strictEqual((yield* eventSource(`${live}?presence=perhaps`, apiKey)).status, 422)
      assert.strictEqual(
        (yield* webSocket(`${live}?presence=perhaps`, { headers: { "x-api-key": holder } })).refused?.status,
        422
      )

      const head = (yield* call("GET", "/v1/events?limit=500")).body.next
      const sees = (sender: Person, state: "typing" | "online") =>
        whatsapp.tell({ _tag: "Presence", device: DeviceId.make(device), presence: { chat: sender, sender, state } })
      const states = (told: ReadonlyArray<Told>) =>
        told.flatMap(({ data, event }) => (event === "homing.presence.v1" ? [data.data.state] : []))
      yield* Effect.repeat(Effect.andThen(sees(bob, "typing"), Effect.sleep(50)), {
        until: () => Effect.sync(() => states(asking.told).length > 0)
      })
      yield* sees(carol, "online")
      yield* until(() => states(asking.told).includes("online") && states(narrow.told).length > 0)
      assert.deepStrictEqual(states(narrow.told), ["online"])
      const [{ data: typing }] = asking.told.filter(({ event }) => event === "homing.presence.v1") as [Told]
      assert.deepInclude(typing, { specversion: "1.0", source: `/devices/${device}`, type: "homing.presence.v1" })
      assert.deepInclude(typing.data, { device, state: "typing" })
      assert.deepInclude(typing.data.chat, { kind: "person", phone: bob.phone, lid: bob.lid })
      assert.lengthOf(typing.data.chat.names, 2)
      for (const { told } of [socket, introduced])
        yield* until(() => told.some(({ type }) => type === "homing.presence.v1"))
      for (const one of [silent, mute]) assert.notInclude(one.text(), "presence")
      // neither the log nor a cursor has moved
      assert.deepStrictEqual((yield* call("GET", "/v1/events?limit=500")).body.next, head)
      assert.isUndefined(typing.cursor)
    })
)
