import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, start } from "./Homing.ts"

it.live("a device that WhatsApp lets go is told, counted and shown, and the gateway stays of use", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const whatsapp = Instant.make()
    const homing = yield* start(yield* folder, whatsapp.layer, { log: (line) => lines.push(line) })
    const device = DeviceId.make(yield* connectedDevice(homing))
    const health = Effect.map(homing.call("GET", "/health/detailed"), ({ body }) => [
      body.status,
      body.reason,
      body.warnings
    ])
    const metrics = Effect.map(homing.call("GET", "/metrics"), ({ body }) =>
      [...body.text.matchAll(/^homing_devices\{[^}]*state="(\w+)"[^}]*\} (\d+)/gm)]
        .filter(([, , count]) => count !== "0")
        .map(([, state]) => state)
    )
    assert.deepStrictEqual([yield* health, yield* metrics], [["ok", null, []], ["connected"]])

    const lose = (reason: DisconnectReason) => whatsapp.tell({ _tag: "Disconnected", device, reason, final: true })
    yield* lose("replaced")
    yield* eventually(health, ([status]) => status === "degraded")
    assert.deepStrictEqual(
      [yield* health, yield* metrics],
      [["degraded", null, ["device_disconnected"]], ["disconnected"]]
    )
    yield* lose("logged_out")
    yield* eventually(health, ([, , [warning]]) => warning !== "device_disconnected")
    assert.deepStrictEqual([yield* health, yield* metrics], [["degraded", null, ["device_logged_out"]], ["logged_out"]])

    assert.strictEqual((yield* homing.call("GET", "/health/ready")).status, 200)
    const told = lines.map((line) => JSON.parse(line)).filter((line) => line.device === device)
    assert.deepStrictEqual(
      told.map(({ level, reason }) => [level, reason]),
      [
        ["error", "replaced"],
        ["error", "logged_out"]
      ]
    )
  })
)
