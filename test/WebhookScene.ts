import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, gatewayOptions, type Homing, start } from "./Homing.ts"
import type { Arrival } from "./Receiver.ts"

/** A gateway with a device, whose webhooks go to this machine, and what is asked of them again and again. */

export const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })
export const options = { ...gatewayOptions, webhooks: { delaysMillis: [0, 100, 200] } }
export const messages = ["queued", "sent"].map((what) => `homing.message.${what}.v1`)

export const scene = Effect.fnUntraced(function* (more: object = {}) {
  const whatsapp = AcknowledgesAtOnce.make()
  const webhooks = { ...options.webhooks, ...more }
  const homing = yield* start(yield* folder, whatsapp.layer, { ports, options: { ...options, webhooks } })
  return { ...homing, ...whatsapp, device: yield* connectedDevice(homing) }
})

export const endpoint = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, url: string, more: object = {}) {
  const { body, status } = yield* call("POST", "/v1/endpoints", { url, types: messages, ...more })
  assert.strictEqual(status, 201)
  return body as { readonly id: string; readonly secret: string; readonly keys: [{ readonly publicKey: string }] }
})

const count = (arrivals: ReadonlyArray<unknown>) => Effect.sync(() => arrivals.length)
export const arrived = (arrivals: ReadonlyArray<Arrival>, n: number) => eventually(count(arrivals), (now) => now >= n)
export const typesOf = (arrivals: ReadonlyArray<Arrival>) => arrivals.map(({ body }) => body.type)
export const listed = ({ call }: Pick<Homing, "call">, id: string, more = "") =>
  Effect.map(call("GET", `/v1/deliveries?endpoint=${id}${more}`), ({ body }) => body.items)
