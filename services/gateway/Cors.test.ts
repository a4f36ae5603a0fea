import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { originsOf } from "../http/Cors.ts"
import { ask, gateway, isProblem } from "../testing/GatewayFixture.ts"

const shop = "https://shop.example"
const open = (corsOrigins: string | undefined) =>
  Layer.fresh(gateway({ options: { corsOrigins: corsOrigins === undefined ? undefined : originsOf(corsOrigins) } }))
const preflight = (origin: string, path = "/v1/messages") =>
  ask("OPTIONS", path, { key: "", headers: { origin, "access-control-request-method": "POST" } })

type Answer = Effect.Success<ReturnType<typeof ask>>
const corsOf = ({ headers }: Answer) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-") || name === "vary"))

const accepted = "authorization, content-type, idempotency-key, x-api-key, x-request-id"
const exposed = "idempotency-key, idempotency-warning, location, ratelimit, ratelimit-policy, retry-after, x-request-id"

layer(open(undefined), { excludeTestServices: true })("without origins", (it) => {
  it.effect("no page of another origin is let in", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(corsOf(yield* preflight(shop)), {})
      assert.deepStrictEqual(corsOf(yield* ask("GET", "/health", { headers: { origin: shop } })), {})
    })
  )
})

layer(open(`${shop}, http://localhost:3000`), { excludeTestServices: true })("with origins", (it) => {
  it.effect("a preflight is answered without a key, to those alone", () =>
    Effect.gen(function* () {
      const answer = yield* preflight(shop)
      assert.strictEqual(answer.status, 204)
      assert.deepStrictEqual(corsOf(answer), {
        "access-control-allow-origin": shop,
        "access-control-allow-methods": "GET, POST, HEAD, OPTIONS",
        "access-control-allow-headers": accepted,
        "access-control-max-age": "600",
        "access-control-expose-headers": exposed,
        vary: "Origin"
      })
      for (const other of ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null"]) {
        assert.deepStrictEqual(corsOf(yield* preflight(other)), { vary: "Origin" })
      }
      isProblem(yield* preflight(shop, "/nothing"), "not_found")
    })
  )

  it.effect("every answer says who may read it, refusals too, and that others get another", () =>
    Effect.gen(function* () {
      const mine = { "access-control-allow-origin": shop, "access-control-expose-headers": exposed, vary: "Origin" }
      for (const [path, key] of [
        ["/v1/devices", undefined],
        ["/v1/devices", "nobody's"],
        ["/nothing", ""]
      ] as const) {
        const more = { headers: { origin: shop }, ...(key !== undefined && { key }) }
        assert.deepStrictEqual(corsOf(yield* ask("GET", path, more)), mine)
      }
      assert.deepStrictEqual(corsOf(yield* ask("GET", "/v1/devices")), { vary: "Origin" })
      assert.deepStrictEqual(corsOf(yield* ask("GET", "/docs")), { vary: "Accept-Encoding, Origin" })
    })
  )
})

layer(open("*"), { excludeTestServices: true })("with every origin", (it) => {
  it.effect("credentials of the browser are not asked for", () =>
    Effect.gen(function* () {
      const answer = yield* ask("GET", "/v1/devices", { headers: { origin: shop } })
      assert.deepStrictEqual(corsOf(answer), {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": exposed
      })
      assert.strictEqual((yield* preflight("null")).headers.get("access-control-allow-origin"), "*")
    })
  )
})

describe("origins", () => {
  it("are written as browsers write them", () => {
    assert.deepStrictEqual(originsOf(`${shop},http://[::1]:8080`), new Set([shop, "http://[::1]:8080"]))
    for (const text of [
      "",
      "shop.example",
      `${shop}/`,
      "https://SHOP.example",
      "https://*.example",
      "null",
      `*,${shop}`
    ]) {
      assert.isUndefined(originsOf(text), text)
    }
  })
})
