import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, ask, baseUrl, documentOf, gateway, isProblem, message } from "../testing/GatewayFixture.ts"

const app = gateway({
  messages: {
    send: (_, request) => Effect.succeed({ document: documentOf(request), repeated: false, answered: true }),
    list: () => Effect.succeed({ items: [], next: undefined })
  }
})

const page = { "sec-fetch-site": "same-origin", "x-homing-request": "dashboard" }
const cookieOf = ({ headers }: { readonly headers: Headers }) => headers.get("set-cookie")!.split(";", 1)[0]!
const logIn = (body: object, headers = {}) => ask("POST", "/v1/session", { key: "", body, headers })
/** As a browser asks that has the cookie. */
const by =
  (cookie: string) =>
  (method: string, path: string, more: { readonly headers?: Record<string, string>; readonly body?: unknown } = {}) =>
    ask(method, path, { key: "", ...more, headers: { cookie, ...page, ...more.headers } })
const clientWith = (...scopes: ReadonlyArray<string>) =>
  Effect.map(ask("POST", "/v1/clients", { body: { name: "shop", scopes } }), ({ json }) => ({
    id: json.id as string,
    key: json.key as { readonly id: string; readonly secret: string }
  }))

layer(app, { excludeTestServices: true })("a session", (it) => {
  it.effect("is given for a key, in a cookie that no script sees, and is that client", () =>
    Effect.gen(function* () {
      const { id, key } = yield* clientWith("messages:read")
      const opened = yield* logIn({ key: key.secret })
      assert.strictEqual(opened.status, 201)
      const { expiresAt, id: session, ...shown } = opened.json
      assert.deepStrictEqual(shown, {
        client: { id, name: "shop" },
        key: key.id,
        scopes: ["messages:read"],
        devices: null
      })
      assert.approximately(Date.parse(expiresAt) - Date.now(), 12 * 3_600_000, 60_000)
      const attributes = opened.headers.get("set-cookie")!.split("; ").slice(1)
      assert.match(attributes[1]!, /^Max-Age=43(199|200)$/)
      assert.deepStrictEqual(attributes.toSpliced(1, 1), ["Path=/", "HttpOnly", "SameSite=Strict"])
      const browser = by(cookieOf(opened))
      assert.deepStrictEqual((yield* browser("GET", "/v1/session")).json, opened.json)
      assert.strictEqual((yield* browser("GET", "/v1/messages")).status, 200)
      isProblem(yield* browser("GET", "/v1/clients"), "forbidden")
      const { items } = (yield* browser("GET", "/v1/sessions")).json
      assert.deepStrictEqual(
        items.map(({ loggedInAt: _, lastUsedAt: __, ...rest }: Record<string, unknown>) => rest),
        [{ id: session, client: id, key: key.id, expiresAt, current: true }]
      )
    })
  )

  it.effect("is given for nothing else", () =>
    Effect.gen(function* () {
      const { id, key } = yield* clientWith("messages:read")
      for (const body of [
        { key: `${key.secret}x` },
        { key: id },
        { link: key.secret },
        { link: `${id}.${"A".repeat(43)}` }
      ]) {
        const refused = yield* logIn(body)
        isProblem(refused, "unauthorized")
        assert.isNull(refused.headers.get("set-cookie"))
      }
      for (const body of [{}, { key: "" }, { key: key.secret, link: "x" }, { key: key.secret, more: 1 }]) {
        isProblem(yield* logIn(body), "invalid_request")
      }
    })
  )

  it.effect("ends when it is logged out, revoked, or its key is", () =>
    Effect.gen(function* () {
      const { id, key } = yield* clientWith("messages:read")
      const [first, second, third] = yield* Effect.forEach([1, 2, 3], () => logIn({ key: key.secret }))
      const browsers = [first!, second!, third!].map((answer) => by(cookieOf(answer)))
      const good = Effect.forEach(browsers, (browser) =>
        Effect.map(browser("GET", "/v1/messages"), ({ status }) => status)
      )
      assert.deepStrictEqual(yield* good, [200, 200, 200])
      const out = yield* browsers[0]!("DELETE", "/v1/session")
      assert.strictEqual(out.status, 204)
      assert.match(out.headers.get("set-cookie")!, /^homing_session=; Path=\/; Max-Age=0;/)
      assert.deepStrictEqual(yield* good, [401, 200, 200])
      assert.strictEqual((yield* browsers[2]!("DELETE", `/v1/sessions/${second!.json.id}`)).status, 204)
      assert.deepStrictEqual(yield* good, [401, 401, 200])
      isProblem(yield* browsers[2]!("DELETE", `/v1/sessions/${second!.json.id}`), "session_not_found")
      assert.strictEqual((yield* ask("DELETE", `/v1/clients/${id}/keys/${key.id}`)).status, 204)
      assert.deepStrictEqual(yield* good, [401, 401, 401])
      isProblem(yield* logIn({ key: key.secret }), "unauthorized")
    })
  )

  it.effect("is seen by its client and by administrators alone", () =>
    Effect.gen(function* () {
      const [shop, other] = [yield* clientWith("messages:read"), yield* clientWith("messages:read")]
      const opened = yield* logIn({ key: shop.key.secret })
      const listed = (key: string) =>
        Effect.map(ask("GET", "/v1/sessions", { key }), ({ json }) => json.items.map(({ id }: { id: string }) => id))
      assert.deepStrictEqual(yield* listed(shop.key.secret), [opened.json.id])
      assert.deepStrictEqual(yield* listed(other.key.secret), [])
      assert.include(yield* listed(apiKey), opened.json.id)
      isProblem(yield* ask("DELETE", `/v1/sessions/${opened.json.id}`, { key: other.key.secret }), "session_not_found")
      assert.strictEqual((yield* ask("DELETE", `/v1/sessions/${opened.json.id}`)).status, 204)
      isProblem(yield* ask("GET", "/v1/session"), "session_not_found")
    })
  )

  it.effect("changes nothing for a page of another origin, nor for a form", () =>
    Effect.gen(function* () {
      const { key } = yield* clientWith("messages:send", "messages:read")
      const cookie = cookieOf(yield* logIn({ key: key.secret }))
      const { host } = new URL(yield* baseUrl)
      const send = (headers: Record<string, string>) =>
        Effect.map(
          ask("POST", "/v1/messages", { key: "", body: message, headers: { cookie, ...headers } }),
          (answer) => (answer.status === 403 ? (answer.json.code as string) : answer.status)
        )
      const word = { "x-homing-request": "dashboard" }
      const table = yield* Effect.forEach(
        [
          {},
          word,
          { origin: `http://${host}` },
          { ...word, origin: "http://evil.example" },
          { ...word, origin: "null" },
          { ...word, "sec-fetch-site": "cross-site" },
          { ...word, "sec-fetch-site": "same-site", origin: `http://${host}` },
          { "x-homing-request": "other", "sec-fetch-site": "same-origin" },
          { ...word, origin: `http://${host}` },
          { ...word, "sec-fetch-site": "same-origin" }
        ],
        send
      )
      assert.deepStrictEqual(table, [...Array(8).fill("csrf_refused"), 201, 201])
      const read = (headers: Record<string, string>) =>
        Effect.map(ask("GET", "/v1/messages", { key: "", headers: { cookie, ...headers } }), ({ status }) => status)
      assert.deepStrictEqual(
        yield* Effect.forEach([{}, { "sec-fetch-site": "same-site" }, { origin: "http://evil.example" }], read),
        [200, 403, 403]
      )
      isProblem(yield* logIn({ key: key.secret }, { origin: "http://evil.example" }), "csrf_refused")
      // a key needs none of it, and goes before a cookie
      assert.strictEqual(
        (yield* ask("POST", "/v1/messages", { key: key.secret, body: message, headers: { cookie } })).status,
        201
      )
      isProblem(yield* ask("GET", "/v1/messages", { key: "wrong", headers: { cookie, ...page } }), "unauthorized")
      isProblem(yield* by(`${cookie}; ${cookie}`)("GET", "/v1/messages"), "unauthorized")
    })
  )

  it.effect("comes of a link, once, and makes none", () =>
    Effect.gen(function* () {
      const { key } = yield* clientWith("messages:read")
      const offered = yield* ask("POST", "/v1/session/links", { key: key.secret })
      assert.strictEqual(offered.status, 201)
      const answers = yield* Effect.forEach([1, 2, 3], () => logIn({ link: offered.json.link }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [201, 401, 401])
      isProblem(yield* logIn({ link: offered.json.link }), "unauthorized")
      const browser = by(cookieOf(answers.find(({ status }) => status === 201)!))
      assert.strictEqual((yield* browser("GET", "/v1/session")).json.key, key.id)
      isProblem(yield* browser("POST", "/v1/session/links"), "forbidden")
      const late = yield* ask("POST", "/v1/session/links", { key: key.secret })
      yield* ask("DELETE", `/v1/clients/${(yield* browser("GET", "/v1/session")).json.client.id}/keys/${key.id}`)
      isProblem(yield* logIn({ link: late.json.link }), "unauthorized")
    })
  )
})
