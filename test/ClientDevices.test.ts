import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import {
  type Answer,
  apiKey,
  callerOf,
  connectedDevice,
  eventually,
  folder,
  type Homing,
  life,
  start,
  text
} from "./Homing.ts"

const nobodys = "01a22900-1140-7e62-b492-5ec7ed93c8ff"
const nothing = "01a22900-1140-8e62-b492-5ec7ed93c8ff"

/** What an answer says, without what differs from request to request. */
const said = ({ body: { text: _, ...body }, headers, status }: Answer) => ({
  status,
  body,
  type: headers.get("content-type"),
  limits: headers.get("ratelimit-policy")
})

type Way = (as: Homing["call"], of: { readonly device: string; readonly message: string }) => Effect.Effect<Answer>

/** Every way in at which a device may be named, or what it sent. */
const reading: Readonly<Record<string, Way>> = {
  "a device": (as, { device }) => as("GET", `/v1/devices/${device}`),
  "a list of messages": (as, { device }) => as("GET", `/v1/messages?device=${device}`),
  "a list by status": (as, { device }) => as("GET", `/v1/messages?device=${device}&status=sent`),
  "a message": (as, { message }) => as("GET", `/v1/messages/${message}`),
  "its evidence": (as, { message }) => as("GET", `/v1/messages/${message}/events`)
}
const using: Readonly<Record<string, Way>> = {
  "a send": (as, { device }) => as("POST", "/v1/messages", text(device), { "idempotency-key": "another" }),
  "a repeat": (as, { device }) => as("POST", "/v1/messages", text(device), { "idempotency-key": `to-${device}` }),
  "a picture of its code": (as, { device }) => as("GET", `/v1/devices/${device}/qr.png`),
  "a drawing of its code": (as, { device }) => as("GET", `/v1/devices/${device}/qr.svg`),
  "another name": (as, { device }) => as("PATCH", `/v1/devices/${device}`, { name: "x" }),
  "a connection": (as, { device }) => as("POST", `/v1/devices/${device}/reconnect`),
  "a pairing": (as, { device }) => as("POST", `/v1/devices/${device}/pair`, {}),
  "a farewell": (as, { device }) => as("DELETE", `/v1/devices/${device}`)
}
const inLists: ReadonlyArray<Way> = [(as) => as("GET", "/v1/devices"), (as) => as("GET", "/v1/messages")]

const scene = Effect.gen(function* () {
  const whatsapp = AcknowledgesAtOnce.make()
  const path = yield* folder
  const first = yield* life
  const homing = yield* first.during(start(path, whatsapp.layer))
  const devices = yield* Effect.all([connectedDevice(homing), connectedDevice(homing)])
  const scopes = ["messages:send", "messages:read", "devices:manage"]
  const { body: client } = yield* homing.call("POST", "/v1/clients", { name: "shop", scopes })
  const limit = (devices: ReadonlyArray<string> | null, { call } = homing) =>
    call("PATCH", `/v1/clients/${client.id}`, { devices })
  const sendFrom = (device: string) =>
    Effect.map(
      callerOf(homing.url, client.key.secret)("POST", "/v1/messages", text(device), {
        "idempotency-key": `to-${device}`
      }),
      ({ body }) => ({ device, message: body.id as string })
    )
  const [theirs, other] = yield* Effect.all([sendFrom(devices[0]), sendFrom(devices[1])])
  const isListed = ({ body }: Answer) => body.items.length === 2
  yield* eventually(homing.call("GET", "/v1/messages"), isListed)
  return { ...homing, ...whatsapp, client, first, limit, other, path, theirs }
})

describe("a client that may use some devices", () => {
  it.live("finds the others nowhere: each way in answers as for one that does not exist", () =>
    Effect.gen(function* () {
      const { client, limit, other, tell, theirs, url } = yield* scene
      const as = callerOf(url, client.key.secret)
      const offered = "2@a-code-to-scan"
      for (const device of [other.device, theirs.device] as const) {
        yield* tell({ _tag: "Disconnected", device: device as never, reason: "logged_out", final: true })
        yield* eventually(as("GET", `/v1/devices/${device}`), ({ body }) => body.state === "logged_out")
        const expiresAt = fromMillis(Date.now() + 60_000)
        yield* tell({ _tag: "PairingCode", device: device as never, method: "qr", code: offered, expiresAt })
        yield* eventually(as("GET", `/v1/devices/${device}`), ({ body }) => body.qr === offered)
      }
      const set = yield* limit([theirs.device])
      assert.deepStrictEqual([set.status, set.body.devices], [200, [theirs.device]])

      for (const ask of inLists) {
        const { body } = yield* ask(as, other)
        assert.lengthOf(body.items, 1)
        assert.notInclude(JSON.stringify(body), other.device)
      }
      for (const [name, ask] of Object.entries({ ...reading, ...using })) {
        const hidden = said(yield* ask(as, other))
        assert.deepStrictEqual(hidden, said(yield* ask(as, { device: nobodys, message: nothing })), name)
        const own = yield* ask(as, theirs)
        assert.notDeepEqual(said(own), hidden, name)
        assert.notInclude([403, 404], own.status, name)
        for (const secret of [other.device, other.message, offered]) {
          assert.notInclude(JSON.stringify(hidden), secret, name)
        }
      }
      const refused = yield* as("POST", "/v1/devices", { name: "one more" })
      assert.deepStrictEqual([refused.status, refused.body.code], [403, "forbidden"])
    })
  )

  it.live("reads all the same with a key that reads everybody's, and uses them with none", () =>
    Effect.gen(function* () {
      const { call, client, limit, other, theirs, url } = yield* scene
      const scopes = ["messages:read:all", "messages:send", "devices:manage"]
      const { body: key } = yield* call("POST", `/v1/clients/${client.id}/keys`, { scopes })
      const as = callerOf(url, key.secret)
      yield* limit([theirs.device])
      for (const [name, ask] of Object.entries(reading)) {
        assert.strictEqual((yield* ask(as, other)).status, 200, name)
      }
      for (const ask of inLists) assert.lengthOf((yield* ask(as, other)).body.items, 2)
      for (const [name, ask] of Object.entries(using)) {
        const { body, status } = yield* ask(as, other)
        assert.deepStrictEqual([status, body.code], [404, "device_not_found"], name)
      }
    })
  )

  it.live("is made so, or becomes so and is freed of it, and a start keeps it", () =>
    Effect.gen(function* () {
      const { call, client, first, layer, limit, other, path, theirs, url } = yield* scene
      const made = (devices: object, key: string) =>
        call("POST", "/v1/clients", { name: "till", scopes: ["devices:read"], ...devices }, { "idempotency-key": key })
      const listed = (at: string, secret: string) =>
        Effect.map(callerOf(at, secret)("GET", "/v1/devices"), ({ body }) =>
          body.items.map(({ id }: { id: string }) => id)
        )
      const till = yield* made({ devices: [other.device] }, "till")
      assert.deepStrictEqual(yield* listed(url, till.body.key.secret), [other.device])
      assert.strictEqual((yield* made({ devices: [other.device, other.device] }, "till")).body.id, till.body.id)
      assert.strictEqual((yield* made({}, "till")).body.code, "idempotency_conflict")
      const all = yield* made({ devices: null }, "all")
      assert.deepStrictEqual([all.status, (yield* made({}, "all")).body.id], [201, all.body.id])
      const none = yield* made({ devices: [] }, "none")
      assert.deepStrictEqual(yield* listed(url, none.body.key.secret), [])

      assert.isNull((yield* call("GET", `/v1/clients/${client.id}`)).body.devices)
      for (const devices of [[theirs.device], [theirs.device, theirs.device], null, null, [theirs.device]]) {
        const { body, status } = yield* limit(devices)
        assert.deepStrictEqual([status, body.devices], [200, devices && [theirs.device]])
        const both = [theirs.device, other.device]
        assert.sameMembers(yield* listed(url, client.key.secret), devices === null ? both : [theirs.device])
      }
      for (const devices of [["front desk"], "all", undefined]) {
        assert.strictEqual((yield* call("PATCH", `/v1/clients/${client.id}`, { devices })).status, 422)
      }
      assert.strictEqual(
        (yield* call("PATCH", `/v1/clients/${nobodys}`, { devices: [] })).body.code,
        "client_not_found"
      )
      const { body: rotated } = yield* call("POST", `/v1/clients/${client.id}/keys/${client.key.id}/rotate`, {})

      yield* first.end
      const again = yield* start(path, layer)
      for (const secret of [client.key.secret, rotated.key.secret]) {
        assert.deepStrictEqual(yield* listed(again.url, secret), [theirs.device])
      }
      assert.deepStrictEqual(yield* listed(again.url, none.body.key.secret), [])
      assert.lengthOf(yield* listed(again.url, apiKey), 2)
    })
  )
})
