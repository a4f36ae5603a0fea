import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Stream } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { type Answer, connectedDevice, eventually, folder, type Homing, life, start, text } from "./Homing.ts"

const nobody = "00000000-0000-7000-8000-000000000000"

/** A store that keeps the views waiting for events, on demand. */
const reluctant = () => {
  let gate = Deferred.makeUnsafe<void>()
  Deferred.doneUnsafe(gate, Effect.void)
  const layer = Layer.effect(
    EventStore,
    Effect.map(EventStore, (store) =>
      EventStore.of({
        ...store,
        subscribe: (asked) => {
          // the views are the only ones that follow clients among others; a start looks for one of them alone
          if (!asked.categories.includes("client") || asked.categories.length === 1) return store.subscribe(asked)
          const events = store.subscribe({ ...asked, passed: undefined })
          return Stream.tap(events, () => Effect.suspend(() => Deferred.await(gate)))
        }
      })
    )
  )
  const hold = Effect.sync(() => {
    gate = Deferred.makeUnsafe<void>()
  })
  return { layer, hold, release: Effect.suspend(() => Deferred.succeed(gate, undefined)) }
}

const codeOf = ({ body, status }: Answer) => `${status} ${body.code ?? body.status ?? ""}`.trim()
const send = ({ call }: Homing, device: string, key: string) =>
  call("POST", "/v1/messages", text(device), { "idempotency-key": key })

it.live("while the views catch up nothing is refused for what they do not show, and no list is shown", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const views = reluctant()
    const begin = Effect.gen(function* () {
      const one = yield* life
      const homing = yield* one.during(start(path, Instant.layer, { ports: views.layer }))
      return { ...homing, end: one.end }
    })
    const first = yield* begin
    const device = yield* connectedDevice(first)
    assert.strictEqual(codeOf(yield* send(first, device, "shown")), "201 sent")
    // the rows of every view stand at the same place of the log: with the message they show the device
    yield* eventually(first.call("GET", "/v1/messages"), ({ body }) => body.items.length === 1)
    yield* views.hold
    assert.strictEqual(codeOf(yield* send(first, device, "before")), "201 sent")
    yield* first.end

    // what they show of the device is enough to send
    const second = yield* begin
    assert.strictEqual(codeOf(yield* send(second, device, "known")), "201 sent")
    const { headers, ...early } = yield* send(second, nobody, "unknown")
    assert.strictEqual(codeOf({ headers, ...early }), "503 starting")
    assert.deepStrictEqual([headers.get("retry-after"), headers.get("idempotency-key")], ["1", "unknown"])
    yield* second.end

    // they show nothing at all
    for (const file of readdirSync(path)) if (file.startsWith("views.db")) rmSync(join(path, file))
    const third = yield* begin
    assert.strictEqual(codeOf(yield* send(third, device, "missing")), "503 starting")
    assert.strictEqual(codeOf(yield* send(third, device, "before")), "200 sent")
    const looks = [`/v1/devices/${device}`, `/v1/devices/${nobody}`, `/v1/clients/${nobody}`]
    for (const look of [...looks, "/v1/devices", "/v1/messages", "/v1/clients"]) {
      const answer = yield* third.call("GET", look)
      assert.strictEqual(codeOf(answer), "503 starting", look)
      assert.strictEqual(answer.headers.get("retry-after"), "1")
    }

    yield* views.release
    yield* eventually(third.call("GET", "/health/ready"), ({ status }) => status === 200)
    assert.strictEqual(codeOf(yield* send(third, device, "missing")), "201 sent")
    assert.strictEqual(codeOf(yield* send(third, nobody, "unknown")), "404 device_not_found")
    const after = yield* Effect.forEach(looks, (look) => third.call("GET", look))
    assert.deepStrictEqual(after.map(codeOf), ["200", "404 device_not_found", "404 client_not_found"])
    // the rows come a little later, and no list is shown before it is whole
    const { body } = yield* eventually(third.call("GET", "/v1/messages"), ({ status }) => status === 200)
    assert.isAtLeast(body.items.length, 3)
  })
)
