import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ask, baseUrl, gateway, isProblem } from "../testing/GatewayFixture.ts"

const folder = mkdtempSync(join(tmpdir(), "homing-pages-"))
afterAll(() => rmSync(folder, { recursive: true }))
const pages = join(folder, "dist")
mkdirSync(join(pages, "assets"), { recursive: true })
writeFileSync(join(folder, "secret.js"), "secret")
const build = () => writeFileSync(join(pages, "index.html"), '<meta name="csp-nonce" content="__CSP_NONCE__">')
writeFileSync(join(pages, "assets/main-abc.js"), "plain")
writeFileSync(join(pages, "assets/main-abc.js.br"), "brotli")
writeFileSync(join(pages, "assets/main-abc.js.gz"), "gzip")
writeFileSync(join(pages, "homing.svg"), "<svg/>")

const get = (path: string, headers: Record<string, string> = {}) => ask("GET", path, { key: "", headers })

layer(gateway({ dashboard: { isOn: true, folder: pages } }), { excludeTestServices: true })("the dashboard", (it) => {
  it.effect("says how to build its pages where there are none, and has them once they are built", () =>
    Effect.gen(function* () {
      const missing = yield* get("/dashboard/")
      isProblem(missing, "dashboard_not_built")
      assert.include(missing.json.detail, "npm run dashboard:build")
      build()
      assert.strictEqual((yield* get("/dashboard/")).status, 200)
    })
  )

  it.effect("is led to below whatever path a proxy has put before it", () =>
    Effect.gen(function* () {
      build()
      const url = yield* baseUrl
      const led = yield* Effect.promise(() => fetch(`${url}/dashboard`, { redirect: "manual" }))
      assert.deepStrictEqual([led.status, led.headers.get("location")], [302, "dashboard/"])
    })
  )

  it.effect("has a page that nothing may be written into, under another nonce each time", () =>
    Effect.gen(function* () {
      build()
      const nonces = yield* Effect.forEach([1, 2], () =>
        Effect.map(get("/dashboard/"), ({ headers, text }) => {
          const nonce = /content="([A-Za-z0-9+/=]{24})"/.exec(text)![1]!
          assert.strictEqual(
            headers.get("content-security-policy"),
            `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'`
          )
          assert.strictEqual(headers.get("cache-control"), "no-store")
          assert.strictEqual(headers.get("content-type"), "text/html; charset=utf-8")
          for (const [name, value] of [
            ["x-content-type-options", "nosniff"],
            ["referrer-policy", "no-referrer"],
            ["cross-origin-opener-policy", "same-origin"],
            ["cross-origin-resource-policy", "same-origin"]
          ] as const) {
            assert.strictEqual(headers.get(name), value)
          }
          return nonce
        })
      )
      assert.notStrictEqual(nonces[0], nonces[1])
    })
  )

  it.effect("has files that are kept for ever where their name says what is in them, packed as they are taken", () =>
    Effect.gen(function* () {
      build()
      const url = yield* baseUrl
      const packed = (encoding: string) =>
        Effect.promise(async () => {
          const { request } = await import("node:http")
          return new Promise<readonly [string | undefined, string]>((resolve, reject) => {
            request(`${url}/dashboard/assets/main-abc.js`, { headers: { "accept-encoding": encoding } }, (answer) => {
              answer.setEncoding("utf8").once("data", (text) => resolve([answer.headers["content-encoding"], text]))
            })
              .on("error", reject)
              .end()
          })
        })
      assert.deepStrictEqual(yield* packed("gzip, br"), ["br", "brotli"])
      assert.deepStrictEqual(yield* packed("gzip"), ["gzip", "gzip"])
      assert.deepStrictEqual(yield* packed("identity"), [undefined, "plain"])
      const asset = yield* get("/dashboard/assets/main-abc.js", { "accept-encoding": "identity" })
      assert.strictEqual(asset.headers.get("cache-control"), "public, max-age=31536000, immutable")
      assert.strictEqual(asset.headers.get("content-type"), "text/javascript; charset=utf-8")
      assert.strictEqual((yield* get("/dashboard/homing.svg")).headers.get("cache-control"), "no-cache")
    })
  )

  it.effect("has no other file", () =>
    Effect.gen(function* () {
      build()
      const paths = [
        "index.html",
        "../secret.js",
        "%2e%2e%2fsecret.js",
        "..%2fsecret.js",
        "assets",
        "assets/",
        "x.js",
        ".js"
      ]
      for (const path of [...paths, "assets/main-abc.js.br", "assets//main-abc.js"]) {
        isProblem(yield* get(`/dashboard/${path}`), "not_found")
      }
      isProblem(yield* ask("POST", "/dashboard/", { key: "" }), "method_not_allowed")
    })
  )
})

layer(gateway(), { excludeTestServices: true })("a dashboard that is off", (it) => {
  it.effect("is not there", () =>
    Effect.gen(function* () {
      isProblem(yield* get("/dashboard/"), "not_found")
      isProblem(yield* get("/dashboard"), "not_found")
    })
  )
})
