import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { until } from "#domain/testing/Eventually.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { mostEndpoints } from "#services/webhooks/Endpoints.ts"
import { connectedDevice, eventually, folder, gatewayOptions, type Homing, life, start, text } from "./Homing.ts"
import { receiver } from "./Receiver.ts"
import { watchedKeys } from "./WatchedKeys.ts"

const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })
const queued = "homing.message.queued.v1"

/** `more`: of what is kept for webhooks. */
const product = (
  path: string,
  more: object = {},
  own: Layer.Layer<never, unknown, SubjectKeys> = Layer.empty,
  log: (line: string) => void = () => {}
) =>
  start(path, AcknowledgesAtOnce.layer, {
    log,
    ports: Layer.merge(ports, own) as typeof ports,
    options: { ...gatewayOptions, webhooks: { delaysMillis: [0, 100, 200], lookMillis: 50, ...more } }
  })

const create = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, url: string, more: object = {}) {
  const { body, status } = yield* call("POST", "/v1/endpoints", { url, types: [queued], ...more })
  assert.strictEqual(status, 201)
  return body.id as string
})
const endpointOf = ({ call }: Pick<Homing, "call">, id: string) =>
  Effect.map(call("GET", `/v1/endpoints/${id}`), ({ body }) => body)
const disabled = (homing: Pick<Homing, "call">, id: string) =>
  eventually(endpointOf(homing, id), ({ state }) => state === "disabled")

describe("an endpoint", () => {
  it.live("that was moved is not what its old address wanted", () =>
    Effect.gen(function* () {
      const homing = yield* product(yield* folder, { delaysMillis: [0, 3_600_000, 3_600_000] })
      const device = yield* connectedDevice(homing)
      let goes = (_: number): void => {}
      const gone = yield* receiver(() => new Promise<number>((resolve) => (goes = resolve)))
      const quiet = yield* receiver(() => 503, { "retry-after": "86400" })
      const there = yield* receiver()
      const id = yield* create(homing, gone.url)
      yield* homing.call("POST", "/v1/messages", text(device))
      yield* until(() => gone.arrivals.length === 1)
      yield* homing.call("PATCH", `/v1/endpoints/${id}`, { url: quiet.url })
      goes(410)
      yield* until(() => quiet.arrivals.length === 1)
      assert.strictEqual((yield* endpointOf(homing, id)).state, "enabled")
      yield* homing.call("PATCH", `/v1/endpoints/${id}`, { url: there.url })
      yield* until(() => there.arrivals.length === 1)
      yield* homing.call("POST", "/v1/messages", { ...text(device), to: "+60123456780" })
      yield* until(() => there.arrivals.length === 2)
      assert.lengthOf(quiet.arrivals, 1)
    })
  )

  it.live("that says again and again that it is gone is told of once", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const homing = yield* product(yield* folder, {}, Layer.empty, (line) => void lines.push(line))
      const device = yield* connectedDevice(homing)
      const goes: Array<(status: number) => void> = []
      const there = yield* receiver(() => new Promise<number>((resolve) => void goes.push(resolve)))
      const id = yield* create(homing, there.url)
      for (let n = 0; n < 4; n++) yield* homing.call("POST", "/v1/messages", { ...text(device), to: `+6012345678${n}` })
      yield* until(() => there.arrivals.length === 4)
      for (const go of goes) go(410)
      yield* disabled(homing, id)
      const all = Effect.map(homing.call("GET", `/v1/deliveries?endpoint=${id}`), ({ body }) => body.items)
      yield* eventually(all, (items) => items.every(({ tries }: { readonly tries: number }) => tries === 1))
      assert.lengthOf(
        lines.filter((line) => line.includes("an endpoint is disabled")),
        1
      )
    })
  )

  it.live("that is meant to stay disabled keeps no alarm on, whoever disabled it", () =>
    Effect.gen(function* () {
      const homing = yield* product(yield* folder)
      const device = yield* connectedDevice(homing)
      const there = yield* receiver(() => 410)
      const id = yield* create(homing, there.url)
      yield* homing.call("POST", "/v1/messages", text(device))
      assert.strictEqual((yield* disabled(homing, id)).reason, "gone")
      const health = Effect.map(homing.call("GET", "/health/detailed"), ({ body }) => body.warnings)
      assert.deepStrictEqual(yield* health, ["endpoint_disabled"])
      const metrics = Effect.map(homing.call("GET", "/metrics"), ({ body }) => body.text as string)
      const said = yield* eventually(metrics, (text) => /homing_deliveries_suspended 1\n/.test(text))
      assert.match(said, /homing_deliveries_pending 0\n/)
      assert.match(said, /homing_delivery_oldest_seconds 0\n/)
      yield* homing.call("PATCH", `/v1/endpoints/${id}`, { enabled: false })
      assert.strictEqual((yield* endpointOf(homing, id)).reason, "operator")
      assert.deepStrictEqual(yield* health, [])
    })
  )

  it.live("is one of so many, however many are created at once", () =>
    Effect.gen(function* () {
      const homing = yield* product(yield* folder)
      const made = yield* Effect.forEach(
        Array.from({ length: mostEndpoints + 8 }),
        () => homing.call("POST", "/v1/endpoints", { url: "https://hooks.example/" }),
        { concurrency: "unbounded" }
      )
      const statuses = made.map(({ status }) => status).toSorted()
      assert.deepStrictEqual(statuses, [...Array(mostEndpoints).fill(201), ...Array(8).fill(409)])
    })
  )

  it.live("that was the last takes its key along, also when nobody lived to destroy it", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const keys = watchedKeys()
      const first = yield* life
      const homing = yield* first.during(product(path, {}, keys.layer))
      const id = yield* create(homing, "https://hooks.example/")
      // it is followed, and this life ends between the event and what follows from it
      yield* eventually(
        Effect.sync(() => checkpointIn(path)),
        (kept) => kept !== undefined
      )
      assert.strictEqual((yield* homing.call("DELETE", `/v1/endpoints/${id}`)).status, 503)
      assert.strictEqual((yield* homing.call("GET", `/v1/endpoints/${id}`)).status, 404)
      yield* first.end
      keys.comeBack()
      yield* product(path, {}, keys.layer)
      yield* keys.gone
    })
  )

  it.live("is told the rest of a chat of which one delivery cannot be read", () =>
    Effect.gen(function* () {
      const path = yield* folder
      let isUp = false
      const there = yield* receiver(() => (isUp ? 200 : 503))
      const first = yield* life
      const homing = yield* first.during(product(path, { delaysMillis: [0, 0, 3_600_000] }))
      const device = yield* connectedDevice(homing)
      const id = yield* create(homing, there.url)
      for (const words of ["one", "two"]) yield* homing.call("POST", "/v1/messages", text(device, words))
      yield* until(() => there.arrivals.length === 2)
      const listed = homing.call("GET", `/v1/deliveries?endpoint=${id}`)
      const { body } = yield* eventually(listed, ({ body }) => body.items[1]?.tries === 2)
      yield* first.end
      isUp = true
      const [next, damaged] = body.items as [{ readonly id: string }, { readonly id: string }]
      withViews(path, (views) =>
        views.prepare("UPDATE deliveries SET attempts = 'nonsense', due = 0 WHERE id = ?").run(damaged.id)
      )
      const log: Array<string> = []
      const again = yield* start(path, AcknowledgesAtOnce.layer, {
        ports,
        options: { ...gatewayOptions, webhooks: { lookMillis: 50 } },
        log: (line) => log.push(line)
      })
      yield* until(() => there.arrivals.length === 3)
      assert.strictEqual(there.arrivals[2]!.id, next.id)
      yield* until(() => log.some((line) => line.includes("deliveries cannot be read, and are set aside")))
      const { body: metrics } = yield* again.call("GET", "/metrics")
      assert.match(metrics.text, /homing_deliveries_settled_total\{status="unreadable"\} 1\n/)
    })
  )
})

const withViews = <A>(path: string, use: (views: DatabaseSync) => A): A => {
  const views = new DatabaseSync(join(path, "views.db"))
  try {
    return use(views)
  } finally {
    views.close()
  }
}
const checkpointIn = (path: string) => withViews(path, (views) => views.prepare("SELECT position FROM deliverer").get())
