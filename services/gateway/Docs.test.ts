import { createHash } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ask, gateway, isProblem } from "../testing/GatewayFixture.ts"

layer(gateway(), { excludeTestServices: true })("/docs", (it) => {
  const page = (encoding: string) => ask("GET", "/docs", { key: "", headers: { "accept-encoding": encoding } })
  const within = (html: string, open: string, close: string) => {
    const start = html.indexOf(open) + open.length
    return html.slice(start, html.indexOf(close, start))
  }
  const digestOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

  it.effect("shows the API as /openapi.json describes it", () =>
    Effect.gen(function* () {
      const { status, text, type } = yield* page("gzip")
      assert.deepStrictEqual([status, type], [200, "text/html; charset=utf-8"])
      const shown = within(text, '<script id="swagger-spec" type="application/json">', "</script>")
      assert.deepStrictEqual(JSON.parse(shown), (yield* ask("GET", "/openapi.json", { key: "" })).json)
    })
  )

  it.effect("runs nothing but its own script, and speaks to nobody but this gateway", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* page("gzip")
      assert.deepStrictEqual(headers.get("content-security-policy")?.split("; "), [
        "default-src 'none'",
        `script-src ${digestOf(within(text, "<script>", "</script>"))}`,
        `style-src ${digestOf(within(text, "<style>", "</style>"))}`,
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'"
      ])
      assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
      const elements = text.replace(/<(script|style)\b[^>]*>.*?<\/\1>/gs, "")
      assert.notMatch(elements, /<(script|link|img|iframe)\b|\bsrc=|url\(/)
    })
  )

  it.effect("is sent compressed to whoever understands that", () =>
    Effect.gen(function* () {
      const compressed = yield* page("br, gzip;q=0.8")
      const plain = yield* page("identity")
      assert.strictEqual(compressed.headers.get("content-encoding"), "gzip")
      assert.isBelow(Number(compressed.headers.get("content-length")), 600_000)
      assert.isNull(plain.headers.get("content-encoding"))
      for (const { headers } of [compressed, plain]) assert.strictEqual(headers.get("vary"), "Accept-Encoding")
      assert.strictEqual(plain.text, compressed.text)
    })
  )

  it.effect("answers to GET alone", () =>
    Effect.gen(function* () {
      isProblem(yield* ask("POST", "/docs", { key: "" }), "method_not_allowed")
      assert.strictEqual((yield* ask("HEAD", "/docs", { key: "" })).status, 200)
    })
  )
})
