import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { longestBody, OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { layer } from "./NodeHttp.ts"
import { place } from "./testing/Place.ts"

const exchanges = Number(process.env.FUZZ_EXCHANGES ?? 400)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

/** mulberry32: the same numbers for the same seed. */
const numbers = (start: number) => {
  let state = start
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const body = "x".repeat(longestBody + 1)
const answers = [
  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\nto its end",
  `HTTP/1.1 200 OK\r\n\r\n${body}`,
  `HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n${body}`,
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\nx: y\r\n\r\n",
  `HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n10001\r\n${body}\r\n0\r\n\r\n`,
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
  "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc",
  "HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x01a",
  "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nb",
  "HTTP/1.1 304 No\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
]

it.live(
  `ends every exchange with an answer or a failure, whatever is said and however it ends; FUZZ_SEED=${seed}`,
  () =>
    Effect.gen(function* () {
      const next = numbers(seed)
      const noise = () => String.fromCharCode(...Array.from({ length: 1 + next(4) }, () => next(256)))
      const said = () => {
        let text = answers[next(answers.length)]!
        for (let i = next(3); i > 0; i--) {
          const at = next(Math.min(text.length, 300))
          text = text.slice(0, at) + noise() + text.slice(at + next(4))
        }
        return next(3) === 0 ? text.slice(0, next(text.length)) : text
      }
      const there = yield* place((socket) => {
        const text = said()
        const cut = next(text.length + 1)
        const [ending, isAtOnce] = [next(4), next(2) === 0]
        socket.write(text.slice(0, cut), "latin1")
        const rest = () => {
          socket.write(text.slice(cut), "latin1")
          if (ending === 0) socket.end()
          else if (ending === 1) socket.destroy()
          else if (ending === 2) socket.resetAndDestroy()
        }
        if (isAtOnce) rest()
        else setTimeout(rest, next(20))
      })
      const services = yield* Layer.build(layer({ allow: [{ range: "loopback", port: undefined }] }))
      const outbound = Context.get(services, OutboundHttp)
      const tally: Record<string, number> = {}
      const kinds = ["whole", "part", "broken", "timeout"]
      const exchanged = Effect.forEach(
        Array.from({ length: exchanges }),
        () =>
          Effect.gen(function* () {
            const url = `http://127.0.0.1:${there.port}/`
            const sent = { url, headers: {}, body: new Uint8Array(next(2) * 100_000), timeoutMs: 5 + next(60) }
            const told = yield* Effect.match(outbound.post(sent), {
              onFailure: (failure) => (failure._tag === "OutboundFailed" ? failure.kind : failure.reason),
              onSuccess: ({ body, isWhole, status }) => {
                assert.isAtMost(body.length, longestBody)
                assert.isTrue(status >= 200 && status <= 999)
                return isWhole ? "whole" : "part"
              }
            })
            tally[told] = (tally[told] ?? 0) + 1
          }),
        { concurrency: 8, discard: true }
      )
      // on a busy machine nothing may have been in time yet
      yield* Effect.repeat(exchanged, { until: () => kinds.every((kind) => kind in tally), times: 9 })
      for (const kind of kinds) assert.isAbove(tally[kind] ?? 0, 0, kind)
      assert.sameMembers(
        Object.keys(tally).filter((kind) => ![...kinds, "unreachable"].includes(kind)),
        []
      )
      if (process.env.FUZZ_EXCHANGES !== undefined) yield* Effect.logInfo("fuzzed", tally)
    })
)
