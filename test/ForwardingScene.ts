import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventually, folder, type Homing, start } from "./Homing.ts"
import { optionsOf } from "./MetaFixture.ts"
import type { Arrival } from "./Receiver.ts"

/** A gateway whose routes lead to this machine. */

export const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })

type Meta = Parameters<typeof optionsOf>[0]
/** Tried again soon, and for as long as a test lasts. */
export const retries = { delaysMillis: [0, 100, 200], lastingMillis: 120_000 }
export const forwardingOptions = (meta: Meta = {}, forwarding: object = {}) => ({
  ...optionsOf(meta),
  forwarding: { retries, lookMillis: 100, ...forwarding }
})

export const scene = Effect.fnUntraced(function* (meta: Meta = {}, forwarding: object = {}, path?: string) {
  const lines: Array<string> = []
  const homing = yield* start(path ?? (yield* folder), AcknowledgesAtOnce.layer, {
    options: forwardingOptions(meta, forwarding),
    ports,
    withoutAgent: true,
    log: (line) => lines.push(line)
  })
  return { ...homing, lines }
})

export interface Target {
  readonly id: string
  readonly secret: string
  readonly keys: ReadonlyArray<{ readonly publicKey: string }>
}

export const target = Effect.fnUntraced(function* (
  { call }: Pick<Homing, "call">,
  name: string,
  url: string,
  more: object = {}
) {
  const { body, status } = yield* call("POST", "/v1/targets", { name, url, ...more })
  assert.strictEqual(status, 201)
  return body as object as Target
})

export const route = Effect.fnUntraced(function* ({ call }: Pick<Homing, "call">, routes: object) {
  assert.strictEqual((yield* call("PUT", "/v1/routes", routes)).status, 200)
})

export const arrived = (arrivals: ReadonlyArray<Arrival>, n: number) =>
  eventually(
    Effect.sync(() => arrivals.length),
    (now) => now >= n
  )
export const listed = ({ call }: Pick<Homing, "call">, id: string, more = "") =>
  Effect.map(call("GET", `/v1/deliveries?target=${id}${more}`), ({ body }) => body.items)

/** What is said in it, of whom. */
export const saidIn = ({ body }: Arrival) => {
  const [{ changes }] = body.entry
  const [{ value }] = changes
  return value
}
