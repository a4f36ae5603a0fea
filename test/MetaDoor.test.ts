import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { trustOf } from "#services/http/ClientAddress.ts"
import { longest } from "#services/meta/Body.ts"
import { folder, gatewayOptions, start } from "./Homing.ts"
import { type Answered, changed, message, optionsOf, path, pieces, post, secret, signed, token } from "./MetaFixture.ts"

const gateway = Effect.fnUntraced(function* (options: Parameters<typeof optionsOf>[0] = {}, http: object = {}) {
  const lines: Array<string> = []
  const whole = optionsOf(options)
  const composition = {
    options: { ...whole, http: { ...whole.http, ...http } },
    log: (line: string) => lines.push(line)
  }
  const { url } = yield* start(yield* folder, AcknowledgesAtOnce.layer, { ...composition, withoutAgent: true })
  return { url, lines }
})

const get = (url: string, at: string, headers: Record<string, string> = {}): Effect.Effect<Answered> =>
  Effect.promise(async () => {
    const answer = await fetch(`${url}${at}`, { headers })
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  })

const asked = (more: Record<string, string | ReadonlyArray<string>> = {}) => {
  const all = { "hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token, ...more }
  return `?${Object.entries(all)
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}=${encodeURIComponent(one)}`))
    .join("&")}`
}
const body = JSON.stringify(changed({ messages: [message("A", "hello")] }))
const said = ({ status, text }: Pick<Answered, "status" | "text">) => [status, text]
const refused = (status: number, error: string) => [status, JSON.stringify({ error })]

describe("Meta's address", () => {
  it.live("is not there where no app is configured", () =>
    Effect.gen(function* () {
      const { url } = yield* start(yield* folder, AcknowledgesAtOnce.layer, { withoutAgent: true })
      assert.strictEqual((yield* post(url, body)).status, 404)
      assert.strictEqual((yield* get(url, `${path}${asked()}`)).status, 404)
      assert.isUndefined((gatewayOptions as { meta?: object }).meta)
    })
  )

  it.live("proves to Meta that the token is known, and echoes nothing else", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({
        apps: Redacted.make({ shop: { secret: "another secret", verifyToken: "another token" } })
      })
      for (const at of [path, "/api/webhooks/meta/whatsapp", `${path}/default`]) {
        const answer = yield* get(url, `${at}${asked()}`)
        assert.deepStrictEqual(said(answer), [200, "1158201444"])
        assert.strictEqual(answer.headers.get("content-type"), "text/plain; charset=utf-8")
        assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
      }
      assert.strictEqual((yield* get(url, `${path}/shop${asked({ "hub.verify_token": "another token" })}`)).status, 200)
      for (const wrong of [
        { "hub.verify_token": "another" },
        { "hub.verify_token": "" },
        { "hub.verify_token": [token, token] },
        { "hub.mode": "unsubscribe" },
        { "hub.challenge": "" },
        { "hub.challenge": "<script>alert(1)</script>" },
        { "hub.challenge": "1".repeat(513) },
        { "hub.challenge": "a\r\nb" }
      ]) {
        assert.deepStrictEqual(
          said(yield* get(url, `${path}${asked(wrong)}`)),
          refused(403, "verification_failed"),
          JSON.stringify(wrong)
        )
      }
      assert.deepStrictEqual(said(yield* get(url, `${path}/shop${asked()}`)), refused(403, "verification_failed"))
      assert.strictEqual((yield* get(url, `${path}/nobody${asked()}`)).status, 404)
    })
  )

  it.live("believes who signs the bytes as they come, whatever these are", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const of = (text: string) => JSON.stringify(changed({ messages: [message("A", "?")] })).replace("?", text)
      const taken: ReadonlyArray<Uint8Array | string> = [
        of("plain"),
        of("\\ud83d\\ude4f escaped, with \\/ and \\u00e4"),
        of("🙏 as it is"),
        `\uFEFF${of("behind a byte order mark")}`,
        Buffer.concat([
          Buffer.from(of("half")).subarray(0, -20),
          Buffer.from([0xc3, 0x28]),
          Buffer.from(of("half")).subarray(-20)
        ]),
        of("lines").replaceAll(",", ",\r\n"),
        `${of("with a line break at its end")}\n`
      ]
      for (const bytes of taken) {
        assert.deepStrictEqual(said(yield* post(url, bytes)), [200, '{"ok":true}'])
        assert.deepStrictEqual(
          said(yield* post(url, bytes, { "x-hub-signature-256": signed(`${bytes} `) })),
          refused(401, "invalid_signature")
        )
      }
      const packed = gzipSync(body)
      const answer = yield* post(url, new Uint8Array(packed), { "content-encoding": "gzip" })
      assert.deepStrictEqual(said(answer), refused(400, "invalid_json")) // its bytes are signed, and are no JSON
      assert.strictEqual(
        (yield* post(url, new Uint8Array(packed), { "x-hub-signature-256": signed(body) })).status,
        401
      )
    })
  )

  it.live("refuses what is not signed, not JSON, or of nothing that it is for", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const right = signed(body)
      for (const signature of [
        undefined,
        "",
        right.slice("sha256=".length),
        right.slice(0, -1),
        right.replace("sha256", "sha1"),
        `${right} `.trimEnd().toUpperCase(),
        `${right}, ${right}`,
        signed(body, "another secret"),
        signed(body, "")
      ]) {
        assert.deepStrictEqual(
          said(yield* post(url, body, { "x-hub-signature-256": signature })),
          refused(401, "invalid_signature"),
          signature
        )
      }
      for (const text of ["", "{", "not json"]) {
        assert.deepStrictEqual(said(yield* post(url, text)), refused(400, "invalid_json"))
      }
      for (const text of ["{}", "null", "7", "[]", '{"object":"page"}', '{"object":["whatsapp_business_account"]}']) {
        assert.deepStrictEqual(said(yield* post(url, text)), refused(422, "unsupported_object"), text)
      }
      const put = yield* Effect.promise(() => fetch(`${url}${path}`, { method: "PUT", body }))
      assert.deepStrictEqual([put.status, put.headers.get("allow")], [405, "GET, POST"])
    })
  )

  it.live("believes two secrets while one takes over, and each app its own", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({
        previousAppSecret: Redacted.make("the one before"),
        apps: Redacted.make({ shop: { secret: "of the shop", verifyToken: "t" } })
      })
      const by = (key: string, at?: string) =>
        Effect.map(post(url, body, { "x-hub-signature-256": signed(body, key) }, at), ({ status }) => status)
      assert.strictEqual(yield* by(secret), 200)
      assert.strictEqual(yield* by("the one before"), 200)
      assert.strictEqual(yield* by("of the shop"), 401)
      assert.strictEqual(yield* by("of the shop", `${path}/shop`), 200)
      assert.strictEqual(yield* by(secret, `${path}/shop`), 401)
      assert.strictEqual(yield* by(secret, `${path}/nobody`), 404)
    })
  )

  it.live("takes four megabytes, and not a byte more, however they come", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const padded = (length: number) => body.padEnd(length, " ")
      assert.strictEqual((yield* post(url, padded(longest))).status, 200)
      assert.strictEqual((yield* post(url, padded(longest + 1))).status, 413)
      const chunked = (length: number) =>
        pieces(url, { "x-hub-signature-256": signed(padded(length)), "transfer-encoding": "chunked" }, (send, end) => {
          const text = padded(length)
          for (let i = 0; i < text.length; i += 65_536) send(text.slice(i, i + 65_536))
          end()
        })
      assert.strictEqual((yield* chunked(longest)).status, 200)
      assert.include([0, 413], (yield* chunked(longest + 1)).status)
    })
  )

  it.live("waits for no body without end", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ patience: { body: 50, all: 60_000 } })
      const answer = yield* pieces(
        url,
        { "x-hub-signature-256": signed(body), "content-length": String(body.length) },
        (send) => send(body.slice(0, 10))
      )
      assert.deepStrictEqual(said(answer), refused(408, "request_timeout"))
    })
  )

  it.live("lets an address be refused sixty times a minute, and whoever signs in however often", () =>
    Effect.gen(function* () {
      const { lines, url } = yield* gateway({}, { trustProxy: trustOf("1"), rateLimits: undefined })
      const wrong = (from: string) => post(url, body, { "x-hub-signature-256": undefined, "x-forwarded-for": from })
      const begun = performance.now()
      const answers = yield* Effect.forEach(Array.from({ length: 150 }), () => wrong("203.0.113.7"), { concurrency: 8 })
      const seconds = Math.ceil((performance.now() - begun) / 1_000) // each of them lets one more be refused
      const refusals = answers.filter(({ status }) => status === 401)
      assert.isAtLeast(refusals.length, 60)
      assert.isAtMost(refusals.length, 60 + seconds)
      assert.deepStrictEqual(said(answers.find(({ status }) => status !== 401)!), refused(429, "rate_limited"))
      assert.strictEqual((yield* wrong("203.0.113.8")).status, 401)
      const right = yield* Effect.forEach(
        Array.from({ length: 300 }),
        () => post(url, body, { "x-forwarded-for": "203.0.113.7" }),
        { concurrency: 8 }
      )
      assert.isTrue(right.every(({ status }) => status === 200))
      const told = lines.filter((line) => line.includes("a request at Meta's address is refused"))
      assert.lengthOf(told, 1)
      assert.notInclude(lines.join(), "hello")
    })
  )

  it.live("asks for Meta's own certificate where a proxy says whose it is", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ certificateHeader: "X-Client-Subject" }, { trustProxy: trustOf("127.0.0.1") })
      const by = (subject?: string) =>
        Effect.map(post(url, body, { "x-client-subject": subject }), ({ status }) => status)
      const name = "client.webhooks.fbclientcerts.com"
      for (const subject of [
        name,
        `CN=${name},O=Meta Platforms\\, Inc.,C=US`,
        `O=Meta, CN = ${name}`,
        `/O=Meta/CN=${name}`
      ]) {
        assert.strictEqual(yield* by(subject), 200, subject)
      }
      for (const subject of [
        undefined,
        `${name}.evil.example`,
        `CN=x${name}`,
        `O=x\\,CN=${name},CN=evil`,
        `CN=${name},CN=evil`,
        `O=CN=${name}`,
        `O=x/CN=${name}`
      ]) {
        assert.strictEqual(yield* by(subject), 403, subject)
      }
      const direct = yield* gateway({ certificateHeader: "x-client-subject" }, { trustProxy: trustOf("10.0.0.1") })
      assert.strictEqual((yield* post(direct.url, body, { "x-client-subject": name })).status, 403)
    })
  )

  it.live("says that it is there to whoever has the token for that", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ healthToken: Redacted.make("watching") })
      const at = "/api/webhooks/meta/whatsapp/health"
      assert.deepStrictEqual(said(yield* get(url, at)), refused(401, "unauthorized"))
      assert.deepStrictEqual(said(yield* get(url, at, { authorization: "Bearer watching" })), [
        200,
        '{"ok":true,"service":"meta-whatsapp-webhook-gateway"}'
      ])
      const open = yield* gateway()
      assert.strictEqual((yield* get(open.url, at)).status, 200)
    })
  )
})
