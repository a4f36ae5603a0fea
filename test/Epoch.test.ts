import { cpSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { Identity } from "#services/identity/Identity.ts"
import { identity } from "#services/layers/Processes.ts"
import { nowhere } from "#services/layers/Settings.ts"
import { bus, enrolled, home, sends, startAgent, startGateway } from "./Apart.ts"
import { connectedDevice, eventually, folder, life } from "./Homing.ts"

it.live("a log restored from a copy begins a new epoch: its agent obeys it when told, and sends nothing twice", () =>
  Effect.gen(function* () {
    const lane = yield* bus
    const root = yield* folder
    const [path, gatewayFolder, backup] = ["agent", "gateway", "backup"].map((name) => join(root, name))
    const whatsapp = Instant.make({ keep: 100 })
    const texts = () => whatsapp.sent.map(({ bytes }) => new TextDecoder().decode(bytes))
    const beginGateway = Effect.gen(function* () {
      const one = yield* life
      return { end: one.end, ...(yield* one.during(startGateway(gatewayFolder!, lane))) }
    })
    const beginAgent = Effect.gen(function* () {
      const one = yield* life
      yield* one.during(startAgent(path!, lane, home, whatsapp.layer))
      return one
    })

    const first = yield* beginGateway
    const pin = yield* enrolled(first, path!)
    const agent = yield* beginAgent
    const device = yield* connectedDevice(first)
    assert.strictEqual((yield* sends(first, device, "in the copy")).status, "sent")
    yield* first.end
    cpSync(gatewayFolder!, backup!, { recursive: true })
    const second = yield* beginGateway
    assert.strictEqual((yield* sends(second, device, "after the copy")).status, "sent")
    yield* second.end

    rmSync(gatewayFolder!, { recursive: true })
    cpSync(backup!, gatewayFolder!, { recursive: true })
    for (const file of readdirSync(gatewayFolder!)) if (file.startsWith("views.db")) rmSync(join(gatewayFolder!, file))
    const epoch = yield* Effect.flatMap(Identity, ({ raiseEpoch }) => raiseEpoch).pipe(
      Effect.provide(identity(gatewayFolder!, nowhere, "test"))
    )
    assert.strictEqual(epoch, `${pin.store}:${pin.epoch + 1}`)

    const third = yield* beginGateway
    assert.strictEqual((yield* sends(third, device, "not yet trusted", 500)).status, "queued")
    yield* agent.end
    assert.strictEqual((yield* enrolled(third, path!)).epoch, pin.epoch + 1)
    yield* beginAgent
    assert.strictEqual((yield* sends(third, device, "trusted")).status, "sent")
    yield* third.end
    const fourth = yield* beginGateway // issues again what is open
    const early = fourth.call("GET", "/v1/messages?limit=10")
    yield* eventually(early, ({ body }) => body.items?.every(({ status }: { status: string }) => status === "sent"))
    assert.sameMembers(texts(), ["in the copy", "after the copy", "trusted", "not yet trusted"])
  })
)
