import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { WhatsApp } from "#domain/ports/WhatsApp.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import type { GatewayOptions } from "#services/layers/Gateway.ts"
import type { apart } from "#services/layers/Processes.ts"
import { Messages } from "#services/messages/Messages.ts"
import * as Log from "#services/telemetry/Log.ts"
import { alone, listening, optionsOf, together } from "#services/testing/Composition.ts"
import { assertDeclared } from "./Declared.ts"

/** The whole product in this process, for tests over HTTP. */

export const apiKey = "a-key-for-tests-only"

export const gatewayOptions = optionsOf(apiKey, {
  http: { host: "127.0.0.1", port: 0, phoneCountryCode: "60", drainTimeoutMs: 500 },
  queueLimits: { perDevice: 1_000, total: 10_000, waits: 10_000 },
  reconciler: { everyMillis: 200, patienceMillis: 60_000, graceMillis: 1_000 }
})

/** A folder that goes away with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "homing-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it fails an assertion
  readonly body: { readonly [key: string]: any }
}

export interface Homing {
  readonly url: string
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>
  ) => Effect.Effect<Answer>
}

/** Calls it with this key; a header that is given wins. */
export const callerOf =
  (url: string, key: string): Homing["call"] =>
  (method, path, body, headers = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      assertDeclared(method, path, { status: response.status, headers: response.headers, text })
      const parsed =
        text === "" ? {} : response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : { text }
      return { status: response.status, headers: response.headers, body: parsed }
    })

type Ports = Layer.Success<ReturnType<typeof apart>>

export interface Started extends Homing {
  /** What stands behind the front door. */
  readonly messages: Messages["Service"]
}

export interface Composition {
  readonly options?: GatewayOptions
  /** Ports to stand before the embedded ones. */
  readonly ports?: Layer.Layer<never, unknown, Ports>
  /** The gateway alone. */
  readonly withoutAgent?: boolean
  /** What hears the log's lines, from warnings on. */
  readonly log?: (line: string) => void
}

const sender = { offlineReceiptsMillis: 50, drainMillis: () => 500 }

/** Starts it on a folder; it ends with the scope. */
export const start = <E>(
  path: string,
  session: Layer.Layer<WhatsApp, E>,
  { options = gatewayOptions, ports = Layer.empty, withoutAgent = false, log = () => {} }: Composition = {}
): Effect.Effect<Started, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const product = withoutAgent ? alone(path, options, { ports }) : together(path, options, session, { ports, sender })
    const { services, url } = yield* listening(
      product.pipe(Layer.provide(Log.layer({ level: "warn", out: { write: log } })))
    )
    return { url, call: callerOf(url, apiKey), messages: Context.get(services, Messages) }
  })

/** A life of the product that can be ended within a test. */
export const life = Effect.gen(function* () {
  const scope = yield* Scope.fork(yield* Effect.scope)
  return {
    during: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Scope.Scope, scope),
    end: Scope.close(scope, Exit.void)
  }
})

export { eventually }

/** Creates a device and waits until it is connected. */
export const connectedDevice = Effect.fnUntraced(function* ({ call }: Homing) {
  const { body } = yield* call("POST", "/v1/devices", { name: "test phone", pairing: "qr" })
  yield* eventually(call("GET", `/v1/devices/${body.id}`), (answer) => answer.body.state === "connected")
  return body.id as string
})

export const text = (device: string, words = "hello", confirm: object = { until: "sent", timeoutMs: 30_000 }) => ({
  device,
  to: "+60123456789",
  content: { type: "text", text: words },
  confirm
})
