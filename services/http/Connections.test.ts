import { connect, type Socket } from "node:net"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Scope } from "effect"
import { eventually, until } from "#domain/testing/Eventually.ts"
import { apiKey, baseUrl, gateway, message } from "../testing/GatewayFixture.ts"

/** A far side that never closes its own end. */
const stubborn = (port: number, ...parts: ReadonlyArray<string>) => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
  let text = ""
  socket.on("data", (data) => {
    text += data.toString("latin1")
  })
  socket.on("error", () => {})
  for (const part of parts) socket.write(part)
  return { socket, text: () => text }
}

const port = Effect.map(baseUrl, (url) => Number(new URL(url).port))
const opened = (socket: Socket) =>
  Effect.callback<void>((resume) => void socket.once("connect", () => resume(Effect.void)))
const head = (...lines: ReadonlyArray<string>) =>
  `${["POST /v1/messages HTTP/1.1", "Host: x", ...lines].join("\r\n")}\r\n\r\n`

/** Asked on a connection of its own, which is not kept; as often as it takes to be let in. */
const answered = Effect.fnUntraced(function* (at: number, path: string) {
  const asking = ["GET", path, "HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key:", apiKey, "\r\n\r\n"].join(" ")
  const once = Effect.callback<string>((resume) => {
    const { socket, text } = stubborn(at, asking)
    socket.once("end", () => socket.destroy())
    socket.once("close", () => resume(Effect.succeed(text())))
  })
  return yield* eventually(once, (text) => text.startsWith("HTTP/1.1 200 "))
})

const limit = 4

for (const [what, status, reason, parts] of [
  ["what is not HTTP", 400, "bad_request", ["hello\r\n\r\n"]],
  ["headers that are too large", 431, "headers_too_large", [head(`X-Large: ${"x".repeat(20_000)}`)]],
  [
    "a body that does not come",
    401,
    "unread_body",
    [head("Content-Type: application/json", "Content-Length: 100000"), "{"]
  ],
  ["an upgrade", 401, "limit", [head("Connection: Upgrade", "Upgrade: websocket")]],
  ["a request, as it should be,", 200, "limit", ["GET /health HTTP/1.1\r\nHost: x\r\n\r\n"]]
] as const) {
  layer(Layer.fresh(gateway({ options: { connectionLimit: limit } })), { excludeTestServices: true })(
    "as many as are let in at once",
    (it) => {
      it.effect(`were answered ${status} for ${what} and keep their ends: others get in`, () =>
        Effect.gen(function* () {
          const at = yield* port
          const held = Array.from({ length: limit }, () => stubborn(at, ...parts))
          yield* until(() => held.every(({ text }) => text().includes("\r\n\r\n")))
          yield* Effect.sleep("300 millis") // in which no second answer comes
          for (const { text } of held) assert.match(text(), new RegExp(`^HTTP/1.1 ${status} (?!.*HTTP/1.1)`, "s"))
          const metrics = yield* answered(at, "/metrics")
          assert.match(metrics, new RegExp(`homing_http_connections_closed_total\\{reason="${reason}"\\} [1-9]`))
          for (const { socket } of held) socket.destroy()
        })
      )
    }
  )
}

layer(Layer.fresh(gateway()), { excludeTestServices: true })("requests that come before the answers", (it) => {
  const asking = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"

  it.effect("are answered in their order, up to so many", () =>
    Effect.gen(function* () {
      const at = yield* port
      const few = stubborn(at, asking.repeat(30))
      const answers = () => few.text().match(/HTTP\/1.1 200 /g)?.length
      yield* until(() => answers() === 30)
      few.socket.destroy()
      const many = stubborn(at, asking.repeat(1_000))
      const gone = Effect.callback<void>((resume) => {
        for (const end of ["end", "close"]) many.socket.once(end, () => resume(Effect.void))
      })
      yield* gone
      assert.match(yield* answered(at, "/metrics"), /connections_closed_total\{reason="pipelined"\} [1-9]/)
    })
  )
})

layer(gateway(), { excludeTestServices: true })("a connection", (it) => {
  it.effect("is kept for its next request, longer than a proxy keeps it", () =>
    Effect.gen(function* () {
      const { socket, text } = stubborn(yield* port, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
      yield* Effect.sleep("1500 millis")
      socket.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
      yield* until(() => text().match(/HTTP\/1.1 200 /g)?.length === 2)
      assert.match(text(), /Keep-Alive: timeout=150/i)
      socket.destroy()
    })
  )
})

layer(Layer.empty, { excludeTestServices: true })("a shutdown", (it) => {
  it.effect("waits for no connection on which nothing is being answered", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const asked = yield* Deferred.make<void>()
      const built = yield* Layer.buildWithScope(
        gateway({
          options: { drainTimeoutMs: 30_000 },
          messages: {
            send: (_, request) =>
              Effect.andThen(Deferred.succeed(asked, undefined), Effect.delay(Effect.die(request), "1 second"))
          }
        }),
        scope
      )
      yield* Effect.gen(function* () {
        const at = yield* port
        const silent = stubborn(at)
        const half = stubborn(at, "GET /health HTTP/1.1\r\nHost:")
        const second = stubborn(at, "GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost:")
        const refused = stubborn(at, "hello\r\n\r\n")
        for (const { socket } of [silent, half, second, refused]) yield* opened(socket)
        const body = JSON.stringify(message)
        const asking = stubborn(
          at,
          head("Content-Type: application/json", `X-API-Key: ${apiKey}`, `Content-Length: ${body.length}`),
          body
        )
        yield* until(() => second.text() !== "" && refused.text() !== "")
        yield* Deferred.await(asked)
        const begun = performance.now()
        yield* Scope.close(scope, undefined as never)
        assert.isBelow(performance.now() - begun, 20_000)
        yield* until(() => asking.text() !== "") // written by then, and read a turn later
        assert.match(asking.text(), /^HTTP\/1.1 (500|503) /)
        for (const { socket } of [silent, half, second, refused, asking]) socket.destroy()
      }).pipe(Effect.provideContext(built))
    })
  )
})
