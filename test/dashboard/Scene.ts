import { Effect, Layer } from "effect"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import { whatsapp } from "#mac-agent/Layers.ts"
import { simulated } from "#services/layers/Adapters.ts"
import * as Log from "#services/telemetry/Log.ts"
import { listening, together } from "#services/testing/Composition.ts"
import { apiKey, callerOf, eventually, folder, gatewayOptions, type Homing } from "../Homing.ts"
import { tab } from "./Browser.ts"
import { built } from "./Built.ts"

/** A gateway with its pages, an agent, and a simulated WhatsApp on which everybody is. */

export const account = "15550100001"
export const friend = "15550100002"

const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })
const options = { ...gatewayOptions, webhooks: { delaysMillis: [0, 50, 50] } }

const quietly = { level: "error", out: { write: () => {} } } as const

export const sceneOf = Effect.fnUntraced(function* (more: Partial<typeof options> = {}) {
  yield* Effect.promise(built)
  const simulator = yield* simulated({ autoContacts: true, faults: { receipts: [] } })
  const path = yield* folder
  const session = whatsapp(path, { webSocketUrl: simulator.url })
  const { url } = yield* listening(
    together(path, { ...options, ...more }, session, { ports }).pipe(Layer.provide(Log.layer(quietly)))
  )
  return { url, call: callerOf(url, apiKey), simulator }
})

export const scene = sceneOf()

export type Scene = Effect.Success<typeof scene>

/** The same, and a browser for somebody who may do everything. */
export const operated = Effect.gen(function* () {
  const there = yield* scene
  const key = yield* keyOf(there, ["admin"], "operator")
  const browser = yield* tab()
  return { ...there, key, browser, page: browser.page }
})

/** A client with a key of these scopes. */
export const keyOf = Effect.fnUntraced(function* (
  { call }: Pick<Homing, "call">,
  scopes: ReadonlyArray<string>,
  name = "page"
) {
  const { body } = yield* call("POST", "/v1/clients", { name, scopes })
  return { client: body.id as string, secret: body.key.secret as string }
})

/** A device that is linked to the account. */
export const linked = Effect.fnUntraced(function* ({ call, simulator }: Scene, name = "shop phone") {
  const { body } = yield* call("POST", "/v1/devices", { name, pairing: "qr" })
  const device = call("GET", `/v1/devices/${body.id}`)
  const { body: shown } = yield* eventually(device, ({ body }) => body.qr !== undefined)
  yield* Effect.promise(() => simulator.scanQr(shown.qr, account))
  yield* eventually(device, ({ body }) => body.state === "connected")
  return body.id as string
})

/** A message to the friend; answered when WhatsApp has it. */
export const sent = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, device: string, text: string) {
  const asked = {
    device,
    to: `+${friend}`,
    content: { type: "text", text },
    confirm: { until: "sent", timeoutMs: 30_000 }
  }
  const { body } = yield* eventually(call("POST", "/v1/messages", asked), ({ body }) => body.status === "sent")
  return body as { readonly id: string; readonly status: string; readonly waMessageId: string }
})
