import { gzipSync, zstdCompressSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, baseUrl, gateway, message } from "../testing/GatewayFixture.ts"

const whole = JSON.stringify(message)
const begun = whole.slice(0, -1)

layer(gateway(), { excludeTestServices: true })("a body's flaw", (it) => {
  const post = Effect.fnUntraced(function* (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {}
  ) {
    const url = `${yield* baseUrl}/v1/messages`
    return yield* Effect.promise(async () => {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json", ...headers },
        body
      })
      const { code, detail } = (await answer.json()) as { readonly code: string; readonly detail: string }
      return [answer.status, code, detail] as const
    })
  })
  const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"))
  const utf16 = (text: string) => new Uint8Array(Buffer.from(text, "utf16le"))
  const flaws: ReadonlyArray<readonly [name: string, body: string | Uint8Array<ArrayBuffer>, detail: string]> = [
    ["nothing", "", "There is no body."],
    ["a byte order mark", `\uFEFF${whole}`, "The body begins with a byte order mark: leave it out."],
    [
      "a raw newline in a string",
      `${begun},\n"tags":{"a":"one\ntwo"}}`,
      "A string holds a raw line break in line 2, column 17: it is written \\n."
    ],
    ["a tab in one", '{"to":"\t"}', "A string holds a raw tab in line 1, column 8: it is written \\t."],
    ["Latin-1", latin1(`${begun},"tags":{"a":"\u00fc"}}`), "The body is not in UTF-8."],
    ["UTF-16", utf16(whole), "The body is in UTF-16 or UTF-32: it must be in UTF-8."],
    ["UTF-16 with its mark", utf16(`\uFEFF${whole}`), "The body is in UTF-16 or UTF-32: it must be in UTF-8."],
    ["an end that is missing", begun, "The body is not JSON: it ends too early."],
    ["half a string", begun.slice(0, -3), "The body is not JSON: it ends too early."],
    ["a comma too many", `${begun},}`, `The body is not JSON in line 1, column ${begun.length + 2}.`],
    ["another language", "device=1&to=2", "The body is not JSON."]
  ]
  for (const [name, body, detail] of flaws) {
    it.effect(`is told for what it is: ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* post(body), [400, "bad_request", detail])
      })
    )
  }

  it.effect("is that it is compressed, whether a header says so or not, and whether it is or not", () =>
    Effect.gen(function* () {
      const undeclared = "The body is compressed. It must not be, whether Content-Encoding says so or not."
      for (const packed of [gzipSync(whole), zstdCompressSync(whole)]) {
        assert.deepStrictEqual(yield* post(new Uint8Array(packed)), [415, "unsupported_media_type", undeclared])
      }
      for (const body of [new Uint8Array(gzipSync(whole)), whole]) {
        const [status, , detail] = yield* post(body, { "content-encoding": "gzip" })
        assert.strictEqual(status, 415)
        assert.match(detail, /Content-Encoding/)
      }
    })
  )

  it.effect("is another charset, also where its bytes are the same", () =>
    Effect.gen(function* () {
      for (const type of [
        "application/json; charset=iso-8859-1",
        'application/json;Charset="UTF-16"',
        "application/json; charset=utf-8; charset=latin1",
        "application/json; charset="
      ]) {
        const [status, code, detail] = yield* post(whole, { "content-type": type })
        assert.deepStrictEqual([status, code], [415, "unsupported_media_type"], type)
        assert.match(detail, /charset/)
      }
      for (const type of [
        "application/json; charset=utf-8",
        'application/json;CHARSET="UTF8"',
        "application/json; v=1"
      ]) {
        assert.strictEqual((yield* post(whole, { "content-type": type }))[0], 201, type)
      }
    })
  )

  it.effect("is one where none is taken, but for an object without members", () =>
    Effect.gen(function* () {
      const url = yield* baseUrl
      const ask = (path: string, body?: string) =>
        Effect.promise(async () => {
          const headers = { "x-api-key": apiKey, "content-type": "application/json", "idempotency-key": "a" }
          const answer = await fetch(`${url}${path}`, { method: "POST", headers, ...(body !== undefined && { body }) })
          return answer.status
        })
      const id = "0199f000-0000-7000-8000-000000000001"
      const paths = [
        `/v1/inbound/${id}/read`,
        `/v1/deliveries/${id}/redrive`,
        `/v1/endpoints/${id}/test`,
        `/v1/devices/${id}/reconnect`
      ]
      for (const path of [...paths, "/v1/gateway-keys"]) {
        for (const body of ['{"more":1}', "[]", "null", "1"])
          assert.strictEqual(yield* ask(path, body), 422, `${path} ${body}`)
        assert.strictEqual(yield* ask(path, "{"), 400, path)
        assert.strictEqual(yield* ask(path), yield* ask(path, "{}"), path)
      }
    })
  )
})
