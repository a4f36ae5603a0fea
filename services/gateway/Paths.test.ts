import { request } from "node:http"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { isExact } from "../http/Paths.ts"
import { apiKey, ask, baseUrl, gateway, isProblem } from "../testing/GatewayFixture.ts"
import { allowedMethods } from "./Allowed.ts"

/** As it is written: `fetch` would tidy it up. */
const statusOf = Effect.fnUntraced(function* (path: string) {
  const { port } = new URL(yield* baseUrl)
  return yield* Effect.callback<number>((resume) => {
    const asking = request({ host: "127.0.0.1", port, path, headers: { "x-api-key": apiKey } }, (answer) => {
      answer.resume().once("end", () => resume(Effect.succeed(answer.statusCode!)))
    })
    asking.end()
  })
})

const otherSpellings = (path: string) => [
  `${path}/`,
  `/${path}`,
  path.replace(/.$/, (last) => `//${last}`),
  path.toUpperCase(),
  path.replace(/[a-z](?=[^a-z]*$)/, (letter) => letter.toUpperCase()),
  path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
  path.replace(/^\/./, (first) => `/%${first.charCodeAt(1).toString(16)}`),
  `/./${path.slice(1)}`,
  `/v1/..${path}`,
  `/v1/%2e%2e${path}`,
  `${path};`,
  `${path};a=b`,
  `${path}%3f`,
  `${path}%20`
]

layer(gateway(), { excludeTestServices: true })("a path", (it) => {
  for (const path of ["/metrics", "/health/detailed", "/health", "/openapi.json", "/docs", "/v1/devices"]) {
    it.effect(`${path} has one spelling`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* statusOf(path), 200)
        assert.strictEqual(yield* statusOf(`${path}?a=/%41;//`), path === "/health" ? 200 : 422) // the path is found
        for (const other of otherSpellings(path)) assert.strictEqual(yield* statusOf(other), 404, other)
      })
    )
  }

  it.effect("that names nothing is a problem", () =>
    Effect.gen(function* () {
      isProblem(yield* ask("GET", "/metrics/"), "not_found")
      isProblem(yield* ask("OPTIONS", "/Metrics"), "not_found")
    })
  )
})

describe("the exact paths", () => {
  it("are those of every route", () => {
    const methods = allowedMethods(["/openapi.json", "/docs"])
    assert.strictEqual(methods("/metrics"), "GET, HEAD, OPTIONS")
    assert.isUndefined(methods("/metrics/"))
    assert.isTrue(isExact("/v1/devices/0191d9a4-6f1b-7c3e-9d2a-3b4c5d6e7f80/qr.png"))
  })
})
