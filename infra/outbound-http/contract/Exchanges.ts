import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Resolve } from "../Names.ts"
import { accepted, answer, network, place } from "../testing/Place.ts"
import { loopback, type MakeLayer, ok, stage } from "./Stage.ts"

/** What is sent, and what an answer is. */
export const exchanges = (layer: MakeLayer) => {
  const { made, posting, to } = stage(layer)

  it.live("sends what it was given and nothing else, and gives back what came", () =>
    Effect.gen(function* () {
      const there = yield* place(answer(`${ok}content-length: 5\r\nretry-after: 120\r\nx-more: 1\r\n\r\nh\xe9llo`))
      const body = new Uint8Array([0, 255, 13, 10, 128])
      const url = `http://127.0.0.1:${there.port}/a%20b?c=d#e`
      const { millis, ...answered } = yield* posting(
        { allow: loopback },
        { url, body, headers: { "content-type": "application/json", "webhook-id": "1" } }
      )
      assert.deepStrictEqual(answered, {
        status: 200,
        headers: { retryAfterMillis: 120_000 },
        body: new Uint8Array(Buffer.from("h\xe9llo", "latin1")),
        isWhole: true
      })
      assert.isTrue(millis > 0 && millis < 10_000)
      const [head, sent] = there.requests[0]!.split("\r\n\r\n", 2)
      assert.strictEqual(sent, Buffer.from(body).toString("latin1"))
      const [line, ...headers] = head!.split("\r\n")
      assert.strictEqual(line, "POST /a%20b?c=d HTTP/1.1")
      assert.sameMembers(headers, [
        `host: 127.0.0.1:${there.port}`,
        "connection: close",
        "content-type: application/json",
        "webhook-id: 1",
        "content-length: 5"
      ])
    })
  )

  it.live("reads how long to wait, and nothing that is no such time", () =>
    Effect.gen(function* () {
      const waits = ["0", "30", "-1", "1.5", "soon", "999999999999", new Date(Date.now() + 90_000).toUTCString()]
      const past = new Date(0).toUTCString()
      const read = yield* Effect.forEach([...waits, past], (wait) =>
        Effect.gen(function* () {
          const there = yield* place(answer(`HTTP/1.1 503 No\r\nretry-after: ${wait}\r\ncontent-length: 0\r\n\r\n`))
          return (yield* to(there)).headers.retryAfterMillis
        })
      )
      const date = read[6]!
      assert.deepStrictEqual(read.toSpliced(6, 1), [0, 30_000, undefined, undefined, undefined, undefined, 0])
      assert.isTrue(date > 60_000 && date <= 90_000)
    })
  )

  it.live("looks a name up once for each exchange, and connects anew", () =>
    Effect.gen(function* () {
      const there = yield* place(answer(`${ok}connection: keep-alive\r\ncontent-length: 0\r\n\r\n`))
      const asked: Array<string> = []
      const resolve: Resolve = async (name) => {
        asked.push(name)
        return ["127.0.0.1"]
      }
      const outbound = yield* made({ allow: loopback, resolve })
      const url = `http://hooks.example:${there.port}/`
      for (let n = 0; n < 3; n++) {
        assert.strictEqual(
          (yield* outbound.post({ url, headers: {}, body: new Uint8Array(), timeoutMs: 5_000 })).status,
          200
        )
      }
      assert.deepStrictEqual(asked, ["hooks.example", "hooks.example", "hooks.example"])
      assert.lengthOf(there.connections, 3)
      assert.include(there.requests[0]!, `\r\nhost: hooks.example:${there.port}\r\n`)
    })
  )

  it.live("knows the machine's own names, and says of others that they lead nowhere", () =>
    Effect.gen(function* () {
      const there = yield* place(accepted)
      assert.strictEqual((yield* posting({ allow: loopback }, { url: `http://localhost:${there.port}/` })).status, 204)
      const nowhere = { allow: loopback, resolve: async () => [] }
      assert.deepInclude(yield* Effect.flip(posting(nowhere, { url: "http://hooks.example/" })), { kind: "unresolved" })
      const unknown = async () => Promise.reject(Object.assign(new Error("hooks.example"), { code: "ENOTFOUND" }))
      const failure = yield* Effect.flip(
        posting({ allow: loopback, resolve: unknown }, { url: "http://hooks.example/" })
      )
      assert.deepInclude(failure, { kind: "unresolved", code: "ENOTFOUND" })
      assert.notInclude(JSON.stringify(failure), "hooks.example")
    })
  )

  it.live("tries the next of several addresses", () =>
    Effect.gen(function* () {
      const there = yield* place(accepted)
      const closed = yield* Effect.scoped(place(accepted))
      const dial = network((address) => (address === "127.0.0.2" ? there : closed))
      const some = { allow: loopback, dial, resolve: async () => ["127.0.0.1", "127.0.0.2"] }
      assert.strictEqual((yield* posting(some, { url: "http://hooks.example/" })).status, 204)
      const none = { ...some, resolve: async () => ["127.0.0.1", "127.0.0.3"] }
      assert.deepInclude(yield* Effect.flip(posting(none, { url: "http://hooks.example/" })), {
        kind: "unreachable",
        code: "ECONNREFUSED"
      })
    })
  )

  it.live("takes interim answers for none", () =>
    Effect.gen(function* () {
      const there = yield* place(answer(`${"HTTP/1.1 103 Early\r\n\r\n".repeat(3)}${ok}content-length: 0\r\n\r\n`))
      assert.strictEqual((yield* to(there)).status, 200)
    })
  )

  it.live("writes no header that is not the caller's, and none that is more than one", () =>
    Effect.gen(function* () {
      const there = yield* place(accepted)
      const names = [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "connection",
        "upgrade",
        "expect",
        "TE",
        "proxy-x",
        "",
        "a b",
        "a:"
      ]
      const wrong = [
        ...names.map((name) => ({ [name]: "1" })),
        ...["a\r\nb: c", "a\nb", "a\0", "\u{1f418}"].map((x) => ({ x }))
      ]
      for (const headers of wrong) {
        assert.deepInclude(yield* Effect.flip(to(there, { headers })), { _tag: "OutboundRefused", reason: "header" })
      }
      assert.lengthOf(there.connections, 0)
      assert.strictEqual((yield* to(there, { headers: { x: "\xe9\t~" } })).status, 204)
    })
  )
}
