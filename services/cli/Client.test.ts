import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { contentType, problem } from "../api/Problems.ts"
import * as Client from "./Client.ts"

/** Something that answers every request with this. */
const answering = (status: number, body: string, type: string) =>
  Effect.acquireRelease(
    Effect.callback<{ url: string; close: () => void }>((resume) => {
      const server = createServer((_, response) => response.writeHead(status, { "content-type": type }).end(body))
      server.listen(0, "127.0.0.1", () => {
        const url = Client.urlOf("127.0.0.1", (server.address() as AddressInfo).port)
        resume(Effect.succeed({ url, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const failed = Effect.fnUntraced(function* (status: number, body: string, type = "text/html") {
  const { url } = yield* answering(status, body, type)
  const ask = yield* Client.connect({ url, key: "key" })
  const asked = ask(({ gatewayKeys }) => gatewayKeys.activate({ params: { key: "one" }, payload: {} }))
  const { message } = yield* Effect.flip(asked)
  return message.replace(url, "<url>")
})

it.live("says plainly what is no answer of the gateway, and repeats what is one", () =>
  Effect.gen(function* () {
    const stranger = (status: number | "") =>
      `<url> answers${status && ` ${status}`} in words that are not the gateway's: is something else there, or in between?`
    assert.strictEqual(yield* failed(502, "<h1>Bad Gateway</h1>"), stranger(502))
    assert.strictEqual(yield* failed(200, ""), stranger(""))
    assert.strictEqual(yield* failed(200, "{}", "application/json"), stranger(""))
    assert.strictEqual(yield* failed(503, "null", contentType), stranger(503))
    const unaware = problem("agents_unaware", { detail: "Not yet: home." })
    assert.strictEqual(
      yield* failed(409, JSON.stringify(unaware), contentType),
      "the gateway answers 409 agents_unaware: Not yet: home."
    )
    for (const undeclared of [problem("device_not_found"), problem("idempotency_conflict")]) {
      const { code, status, title } = undeclared
      const said = yield* failed(status, JSON.stringify(undeclared), contentType)
      assert.strictEqual(said, `the gateway answers ${status} ${code}: ${title}`)
    }
    const mute = yield* Client.connect({ url: "http://127.0.0.1:1", key: "key" })
    const untakable = yield* Effect.flip(mute(({ conversations }) => conversations.get({ query: { phone: "ana" } })))
    assert.match(untakable.message, /^this is nothing to ask a gateway: expected a number/i)
    const { detail, title, ...starting } = problem("starting")
    assert.strictEqual(
      yield* failed(503, JSON.stringify({ ...starting, title, detail }), contentType),
      `the gateway answers 503 starting: ${title} ${detail}`
    )
    const { url } = yield* Effect.scoped(answering(200, "", ""))
    const gone = yield* Client.connect({ url, key: "key" })
    const unreachable = yield* Effect.flip(gone(({ agents }) => agents.list({})))
    assert.strictEqual(
      unreachable.message,
      `no gateway answers at ${url}: see whether it runs there; --url says where else to ask`
    )
  })
)

it("reaches who listens at every address, and writes IPv6 as URLs do", () => {
  const hosts = ["127.0.0.1", "0.0.0.0", "::", "::1", "gateway.example.org"]
  assert.deepStrictEqual(
    hosts.map((host) => new URL(Client.urlOf(host, 4010)).host),
    ["127.0.0.1:4010", "127.0.0.1:4010", "[::1]:4010", "[::1]:4010", "gateway.example.org:4010"]
  )
})
