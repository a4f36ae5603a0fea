import { createServer as createTlsServer } from "node:tls"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { certificate, trusting } from "../testing/Certificate.ts"
import { accepted, answer, flood, place } from "../testing/Place.ts"
import { chunked, greeting, loopback, type MakeLayer, ok, some, stage } from "./Stage.ts"

/** Whom the other side has to be. */
export const trusted = (layer: MakeLayer) => {
  const { posting, to } = stage(layer)

  it.live("believes no server but the one that the URL names, whatever the environment says", () =>
    Effect.gen(function* () {
      const { cert, key } = yield* certificate("DNS:hooks.example,IP:127.0.0.1")
      const names: Array<string | false | null> = []
      const there = yield* place(answer(`${ok}content-length: 0\r\n\r\n`), {
        make: (told) =>
          createTlsServer({ cert, key, ALPNProtocols: ["h2", "http/1.1"] }, (socket) => {
            names.push(socket.servername)
            told(socket)
          })
      })
      const plain = yield* greeting((socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"))
      const at = (host: string, { port } = there) =>
        posting(
          { allow: loopback, resolve: async () => ["127.0.0.1"] },
          { url: `https://${host}:${port}/`, timeoutMs: 5_000 }
        )
      yield* environment({ NODE_TLS_REJECT_UNAUTHORIZED: "0" })
      assert.deepInclude(yield* Effect.flip(at("hooks.example")), { kind: "tls", code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
      yield* trusting(cert)
      assert.strictEqual((yield* at("hooks.example")).status, 200)
      assert.strictEqual((yield* at("127.0.0.1")).status, 200)
      assert.deepInclude(yield* Effect.flip(at("other.example")), { kind: "tls", code: "ERR_TLS_CERT_ALTNAME_INVALID" })
      assert.deepInclude(yield* Effect.flip(at("127.0.0.1", plain)), { kind: "tls" })
      const hangsUp = yield* greeting((socket) => socket.once("data", () => socket.destroy()))
      assert.deepInclude(yield* Effect.flip(at("127.0.0.1", hangsUp)), { kind: "tls" })
      assert.include(there.requests[0]!, `\r\nhost: hooks.example:${there.port}\r\n`)
      assert.lengthOf(there.requests, 2)
      assert.deepStrictEqual(names.slice(0, 2), ["hooks.example", false])
    })
  )

  it.live("reads no more over TLS either", () =>
    Effect.gen(function* () {
      const { cert, key } = yield* certificate("IP:127.0.0.1")
      yield* trusting(cert)
      const there = yield* place((socket) => flood(socket, `${chunked}1;`, some(1_000)), {
        make: (told) => createTlsServer({ cert, key }, told)
      })
      const answered = yield* posting({ allow: loopback }, { url: `https://127.0.0.1:${there.port}/` })
      assert.deepInclude(answered, { status: 200, isWhole: false })
      assert.isBelow(answered.millis, 5_000)
    })
  )

  it.live("goes by no proxy that the environment names", () =>
    Effect.gen(function* () {
      const [there, proxy] = [yield* place(accepted), yield* place(accepted)]
      const url = `http://127.0.0.1:${proxy.port}`
      const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
      yield* environment({ ...Object.fromEntries(names.map((name) => [name, url])), NODE_USE_ENV_PROXY: "1" })
      assert.strictEqual((yield* to(there)).status, 204)
      assert.lengthOf(proxy.connections, 0)
    })
  )
}

/** Of this process, until the scope ends. */
const environment = (variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const name of Object.keys(variables)) {
          if (before[name] === undefined) delete process.env[name]
          else process.env[name] = before[name]
        }
      })
  )
