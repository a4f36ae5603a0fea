import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Api } from "../api/Api.ts"

/** Where the reference page is. */
export const path = "/docs"

/**
 * Scripts and styles are those of the page itself, named by their digests; it speaks to this gateway and to nobody else,
 * and no page may show it in a frame.
 */
const policyOf = (script: string, style: string) =>
  [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")

/**
 * The page, two megabytes of which the API is the smallest part: made when it is first asked for, so that a gateway whose
 * page nobody reads starts no slower and holds none of it, and kept compressed.
 */
const makePage = Effect.gen(function* () {
  const { createHash } = yield* Effect.promise(() => import("node:crypto"))
  const { gunzipSync, gzipSync } = yield* Effect.promise(() => import("node:zlib"))
  const { layer } = yield* Effect.promise(() => import("effect/http-api/HttpApiSwagger"))
  const answer = yield* HttpRouter.toHttpEffect(layer(Api, { path })).pipe(Effect.scoped)
  const asked = HttpServerRequest.fromWeb(new Request(`http://localhost${path}`))
  const response = yield* Effect.provideService(answer, HttpServerRequest.HttpServerRequest, asked)
  const html = yield* Effect.promise(() => HttpServerResponse.toWeb(response).text())
  const digestOf = (element: string) => {
    const text = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(html)?.[1] ?? ""
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`
  }
  const compressed = gzipSync(html)
  const headers = {
    "content-security-policy": policyOf(digestOf("script"), digestOf("style")),
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    vary: "Accept-Encoding",
    "x-content-type-options": "nosniff"
  }
  return (acceptEncoding: string) =>
    /\bgzip\b/.test(acceptEncoding)
      ? HttpServerResponse.uint8Array(compressed, { headers: { ...headers, "content-encoding": "gzip" } })
      : HttpServerResponse.uint8Array(gunzipSync(compressed), { headers })
})

export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const page = yield* Effect.cached(Effect.orDie(makePage))
    yield* router.add(
      "GET",
      path,
      Effect.gen(function* () {
        const { headers } = yield* HttpServerRequest.HttpServerRequest
        return (yield* page)(headers["accept-encoding"] ?? "")
      })
    )
  })
)
