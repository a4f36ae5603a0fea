import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, callerOf, connectedDevice, folder, start } from "./Homing.ts"
import { homing } from "./Process.ts"

it.live("an operator sees which devices a client may use, and says so, by command", () =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const gateway = yield* start(yield* folder, AcknowledgesAtOnce.layer)
    const [device, other] = [yield* connectedDevice(gateway), yield* connectedDevice(gateway)]
    const { body: shop } = yield* gateway.call("POST", "/v1/clients", { name: "shop", scopes: ["devices:read"] })
    const run = Effect.fnUntraced(function* (command: string, ...args: ReadonlyArray<string>) {
      const env = { NO_COLOR: "1", API_KEY: apiKey }
      const process = yield* homing(["clients", command, "--url", gateway.url, ...args], { cwd, env })
      const { code } = yield* process.ended
      return { code, err: process.stderr(), said: process.stdout().trimEnd() }
    })
    const listed = Effect.map(callerOf(gateway.url, shop.key.secret)("GET", "/v1/devices"), ({ body }) =>
      body.items.map(({ id }: { id: string }) => id)
    )
    const set = yield* run("devices", shop.id, other)
    assert.deepStrictEqual([set.code, set.err, JSON.parse(set.said).devices], [0, "", [other]])
    assert.deepStrictEqual(yield* listed, [other])
    const [only] = (yield* run("list")).said.split("\n").map((line) => JSON.parse(line))
    assert.deepStrictEqual([only.id, only.name, only.devices], [shop.id, "shop", [other]])
    for (const args of [[], ["--all", device]]) {
      const { code, err } = yield* run("devices", shop.id, ...args)
      assert.deepStrictEqual([code, err], [1, "homing: name the devices, or say --all\n"])
    }
    assert.strictEqual((yield* run("devices", shop.id, "front desk")).code, 1)
    assert.deepStrictEqual(yield* listed, [other])
    assert.isNull(JSON.parse((yield* run("devices", shop.id, "--all")).said).devices)
    assert.deepStrictEqual(yield* listed, [device, other])
  })
)
