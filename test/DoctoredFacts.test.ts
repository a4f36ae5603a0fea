import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { Facts } from "#services/inbound/Inbound.ts"
import * as Log from "#services/telemetry/Log.ts"
import { listening, together } from "#services/testing/Composition.ts"
import { apiKey, callerOf, connectedDevice, eventually, folder, gatewayOptions } from "./Homing.ts"

it.live("a row of a fact that names another device shows nobody what that one did not hear", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const { layer } = AcknowledgesAtOnce.make({ keep: 100 })
    const quiet = Log.layer({ level: "warn", out: { write: () => {} } })
    const { services, url } = yield* listening(together(path, gatewayOptions, layer).pipe(Layer.provide(quiet)))
    const call = callerOf(url, apiKey)
    const [mine, theirs] = [yield* connectedDevice({ url, call }), yield* connectedDevice({ url, call })]
    const { receive } = Context.get(services, Facts)
    const sender = { kind: "person", lid: Lid.make("900002") } as const
    const hear = (waMessageId: string, device: string) =>
      receive(
        Heard.make({ waMessageId, chat: sender, sender, fromMe: false, content: { type: "text", text: "hello" } }),
        {
          device: DeviceId.make(device),
          at: fromMillis(1_760_000_000_000),
          origin: { actor: { kind: "agent", id: "home" }, causationId: "heard" }
        }
      )
    const own = yield* hear("F1", mine)
    yield* hear("F2", theirs)
    const { body } = yield* call("POST", "/v1/clients", { name: "one", scopes: ["messages:read"], devices: [mine] })
    const client = callerOf(url, body.key.secret)
    yield* eventually(call("GET", "/v1/inbound"), ({ body }) => body.items?.length === 2)
    const views = new DatabaseSync(join(path, "views.db"))
    views.exec(`UPDATE inbound SET device = '${mine}', received = replace(received, '${theirs}', '${mine}')`)
    views.close()
    const { body: shown } = yield* client("GET", "/v1/inbound")
    assert.deepStrictEqual(
      shown.items.map(({ id }: { readonly id: string }) => id),
      [own]
    )
  })
)
