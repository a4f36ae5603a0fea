import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventSource, type Told, webSocket } from "./Followers.ts"
import { apiKey, connectedDevice, folder, gatewayOptions, type Homing, life, start, text } from "./Homing.ts"

const scene = Effect.fnUntraced(function* (live: NonNullable<typeof gatewayOptions.live> = {}) {
  const whatsapp = AcknowledgesAtOnce.make()
  const homing = yield* start(yield* folder, whatsapp.layer, { options: { ...gatewayOptions, live } })
  const send = (n: number) => homing.call("POST", "/v1/messages", text(device, `number ${n}`))
  const device = yield* connectedDevice(homing)
  return { ...homing, device, send, live: `${homing.url}/v1/live` }
})

/** All there is behind a cursor, as pages. */
const events = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, more = "") {
  const { body } = yield* call("GET", `/v1/events?limit=500${more}`)
  return body as { readonly items: ReadonlyArray<Told["data"]>; readonly next: string }
})
const idsOf = (items: ReadonlyArray<{ readonly id: string }>) => items.map(({ id }) => id)
const keyOf = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, asked: object) {
  const { body } = yield* call("POST", "/v1/clients", { name: "one", ...asked })
  return { client: body.id as string, key: body.key.id as string, secret: body.key.secret as string }
})
const eventsOf = (told: ReadonlyArray<Told>) => told.filter(({ event }) => event !== "closing")

describe("a stream of what happens", () => {
  it.live("tells what comes, as its pages do, and goes on after a cursor", () =>
    Effect.gen(function* () {
      const { call, live, send } = yield* scene()
      const { items: past, next } = yield* events({ call })
      const follower = yield* eventSource(live, apiKey)
      const later = yield* eventSource(`${live}?after=${past[0]!.cursor}`, apiKey)
      const some = yield* eventSource(`${live}?types=homing.message.sent.v1`, apiKey, {
        "last-event-id": past[0]!.cursor
      })
      assert.strictEqual(follower.status, 200)
      assert.match(follower.headers["content-type"]!, /^text\/event-stream/)
      yield* until(() => follower.lastId() === next)
      yield* send(1)
      yield* until(() => follower.told.length === 2 && later.told.length === past.length + 1 && some.told.length === 1)
      const { items } = yield* events({ call })
      const whole = later.told.map(({ data }) => data)
      assert.deepStrictEqual(whole, items.slice(1))
      assert.deepStrictEqual(
        follower.told.map(({ data }) => data),
        items.slice(-2)
      )
      for (const { data, event, id } of later.told) assert.deepStrictEqual([id, event], [data.cursor, data.type])
      assert.strictEqual(whole.at(-2).data.content.text, "number 1")
      assert.deepStrictEqual(some.told[0]!.data, items.at(-1))
    })
  )

  it.live("that is cut again and again tells every event once and in order", () =>
    Effect.gen(function* () {
      const { call, live, send } = yield* scene()
      const { next } = yield* events({ call })
      const told: Array<Told> = []
      let cursor = next
      let isOver = false
      const following = Effect.gen(function* () {
        while (!isOver) {
          const one = yield* eventSource(live, apiKey, { "last-event-id": cursor })
          yield* Effect.sleep(200)
          one.cut()
          told.push(...one.told.slice())
          cursor = one.lastId() ?? cursor
        }
      }).pipe(Effect.scoped)
      const sending = Effect.gen(function* () {
        for (let n = 1; n <= 60; n++) yield* Effect.andThen(send(n), Effect.sleep(15))
        const { next: end } = yield* events({ call })
        yield* until(() => cursor === end)
        isOver = true
      })
      yield* Effect.all([following, sending], { concurrency: 2 })
      const { items } = yield* events({ call }, `&after=${next}`)
      assert.lengthOf(items, 120)
      assert.deepStrictEqual(
        told.map(({ data }) => data.id),
        idsOf(items)
      )
    })
  )

  it.live("tells only what the key may see, and ends with it", () =>
    Effect.gen(function* () {
      const { call, device, live, send } = yield* scene()
      const stranger = yield* keyOf({ call }, { scopes: ["events:read", "messages:read"], devices: [] })
      const follower = yield* keyOf({ call }, { scopes: ["events:read"] })
      const reader = yield* keyOf({ call }, { scopes: ["messages:read"] })
      const own = yield* eventSource(live, follower.secret)
      const others = yield* eventSource(live, stranger.secret)
      assert.strictEqual((yield* eventSource(live, reader.secret)).status, 403)
      assert.strictEqual((yield* eventSource(live, "nobody's")).status, 401)
      for (const wrong of ["after=x", "types=homing.message", "device=none", "more=1"]) {
        assert.strictEqual((yield* eventSource(`${live}?${wrong}`, apiKey)).status, 422, wrong)
      }
      yield* send(1)
      yield* until(() => own.told.length === 2)
      assert.notInclude(own.text(), "number 1")
      assert.notInclude(own.text(), "60123456789")
      assert.lengthOf(others.told, 0)

      yield* call("PATCH", `/v1/clients/${stranger.client}`, { devices: [device] })
      yield* until(others.isOver)
      assert.deepStrictEqual(
        others.told.map(({ data, event }) => [event, data.code]),
        [["closing", "key_changed"]]
      )
      yield* call("DELETE", `/v1/clients/${follower.client}/keys/${follower.key}`)
      yield* until(own.isOver)
      yield* send(2)
      assert.deepStrictEqual(
        own.told.slice(2).map(({ data, event }) => [event, data.code]),
        [["closing", "unauthorized"]]
      )
    })
  )

  it.live("has room for so many, of each key and in all", () =>
    Effect.gen(function* () {
      const { call, live } = yield* scene({ connections: 3, connectionsPerKey: 2 })
      const other = yield* keyOf({ call }, { scopes: ["events:read"] })
      const [first] = [yield* eventSource(live, apiKey), yield* eventSource(live, apiKey)]
      const refused = yield* eventSource(live, apiKey)
      yield* until(refused.isOver)
      assert.deepStrictEqual([refused.status, JSON.parse(refused.text()).code], [429, "too_many_connections"])
      assert.strictEqual((yield* webSocket(live, { headers: { "x-api-key": other.secret } })).refused, undefined)
      const more = yield* webSocket(live, { headers: { "x-api-key": other.secret } })
      assert.deepStrictEqual(more.refused, { status: 429, code: "too_many_connections" })
      const late = yield* webSocket(live)
      late.socket.send(JSON.stringify({ type: "auth", key: other.secret }))
      yield* until(() => late.closed() !== undefined)
      assert.deepStrictEqual(late.closed(), { code: 4429, reason: "too_many_connections" })
      first.cut()
      const again = Effect.map(eventSource(live, apiKey), ({ status }) => status)
      yield* Effect.repeat(Effect.scoped(again), { until: (status) => status === 200 })
    })
  )

  it.live("drops who does not read, who misses nothing by it", () =>
    Effect.gen(function* () {
      const { call, device, live } = yield* scene({ beatMillis: 1_000 })
      const { next } = yield* events({ call })
      const slow = yield* eventSource(live, apiKey)
      const quick = yield* eventSource(live, apiKey)
      slow.pause()
      const padding = "€".repeat(60_000)
      // more than the kernel holds for it
      const send = call("POST", "/v1/messages", text(device, padding, { until: "sent", timeoutMs: 0 }))
      yield* Effect.replicateEffect(send, 70, { concurrency: 10 })
      yield* until(() => quick.told.length >= 140)
      const { items } = yield* events({ call }, `&after=${next}`)
      yield* Effect.sleep(3_000)
      slow.resume()
      yield* until(slow.isOver)
      assert.isBelow(eventsOf(slow.told).length, 140)
      const again = yield* eventSource(live, apiKey, { "last-event-id": slow.lastId()! })
      yield* until(() => eventsOf(slow.told).length + again.told.length >= 140)
      assert.deepStrictEqual(idsOf([...eventsOf(slow.told), ...again.told].map(({ data }) => data)), idsOf(items))
    })
  )

  it.live("ends with the gateway, with a word to come again", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const whatsapp = AcknowledgesAtOnce.make()
      const first = yield* life
      const { url } = yield* first.during(start(path, whatsapp.layer))
      const stream = yield* eventSource(`${url}/v1/live`, apiKey)
      const socket = yield* webSocket(`${url}/v1/live`, { headers: { "x-api-key": apiKey } })
      yield* until(() => socket.told.length === 1)
      const begun = performance.now()
      yield* first.end
      assert.isBelow(performance.now() - begun, 5_000)
      yield* until(() => stream.isOver() && socket.closed() !== undefined)
      assert.deepStrictEqual(
        stream.told.map(({ data, event }) => [event, data.code]),
        [["closing", "shutting_down"]]
      )
      assert.deepStrictEqual(socket.closed(), { code: 1012, reason: "shutting_down" })
    })
  )
})
