import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CommandBus, type Outgoing } from "#domain/ports/CommandBus.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, gatewayOptions, life, start, text } from "./Homing.ts"

/** A bus that says it has custody of what is to pair or to send, and forgets it, whenever it is issued first. */
const isFirst = ({ bytes, id }: Outgoing) =>
  id.endsWith(":1") && /"kind":"(pair|send)"/.test(Buffer.from(bytes).toString("latin1"))
const ports = Layer.effect(
  CommandBus,
  Effect.map(CommandBus, (real) => ({
    ...real,
    publish: (lane, envelopes) => (envelopes.every(isFirst) ? Effect.void : real.publish(lane, envelopes))
  }))
)

it.live("what the bus forgot is issued again: a pairing, and at the next start a message", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const impatient = { ...gatewayOptions, reconciler: { ...gatewayOptions.reconciler, patienceMillis: 100 } }
    const first = yield* life
    yield* connectedDevice(yield* first.during(start(path, Instant.layer, { ports, options: impatient })))
    yield* first.end

    const second = yield* life
    const gateway = yield* second.during(start(path, Instant.layer, { ports }))
    const [device] = (yield* gateway.call("GET", "/v1/devices")).body.items
    yield* eventually(gateway.call("GET", `/v1/devices/${device.id}`), ({ body }) => body.state === "connected")
    const { body } = yield* gateway.call("POST", "/v1/messages", text(device.id, "hello", { timeoutMs: 500 }))
    assert.strictEqual(body.status, "queued")
    yield* second.end

    const third = yield* start(path, Instant.layer, { ports })
    yield* eventually(third.call("GET", `/v1/messages/${body.id}`), (answer) => answer.body.status === "sent")
  })
)
