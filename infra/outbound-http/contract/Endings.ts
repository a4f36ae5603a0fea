import { assert, it } from "@effect/vitest"
import { Effect, Fiber, type Scope } from "effect"
import { Deadline } from "#domain/ports/Deadline.ts"
import { longestBody, type OutboundFailed } from "#domain/ports/OutboundHttp.ts"
import type { Dial } from "../Dial.ts"
import { answer, flood, network, type Place, place } from "../testing/Place.ts"
import { chunked, greeting, loopback, type MakeLayer, ok, some, stage } from "./Stage.ts"

/** Nothing that is said, or not said, takes longer, or more room, than it may. */
export const endings = (layer: MakeLayer) => {
  const { posting, to } = stage(layer)

  it.live("waits no longer than it may, for whatever", () =>
    Effect.gen(function* () {
      const silent = yield* greeting(() => {})
      const dripping = yield* greeting((socket) => {
        const timer = setInterval(() => socket.write("HTTP/1.1 200 OK\r\nx:"[socket.bytesWritten] ?? "x"), 20)
        socket.on("close", () => clearInterval(timer))
      })
      const slow = { allow: loopback, resolve: () => new Promise<never>(() => {}) }
      const secure = (there: Place) =>
        posting({ allow: loopback }, { url: `https://127.0.0.1:${there.port}/`, timeoutMs: 300 })
      for (const waiting of [
        to(silent, { timeoutMs: 300 }),
        to(dripping, { timeoutMs: 300 }),
        secure(silent),
        posting(slow, { url: "http://hooks.example/", timeoutMs: 300 }),
        to(silent).pipe(Effect.provideService(Deadline, performance.now() + 300))
      ]) {
        const begun = performance.now()
        assert.deepInclude(yield* Effect.flip(waiting), { _tag: "OutboundFailed", kind: "timeout" })
        assert.isBelow(performance.now() - begun, 3_000)
      }
      yield* Effect.sleep("100 millis")
      for (const there of [silent, dripping]) assert.isTrue(there.connections.every(({ destroyed }) => destroyed))
    })
  )

  it.live("ends its connection when nobody waits any more", () =>
    Effect.gen(function* () {
      const silent = yield* greeting(() => {})
      const waiting = yield* Effect.forkChild(to(silent, { timeoutMs: 3_600_000 })) // which would end it as well
      while (silent.requests.length === 0) yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(waiting)
      while (!silent.connections[0]!.destroyed) yield* Effect.sleep("10 millis")
    })
  )

  it.live("takes what is no answer, or one without end, for broken", () =>
    Effect.gen(function* () {
      const endless = (start: string, more: string) => greeting((socket) => flood(socket, start, more))
      const places: Readonly<Record<string, Effect.Effect<Place, never, Scope.Scope>>> = {
        "closes at once": greeting((socket) => socket.destroy()),
        "resets at once": greeting((socket) => socket.resetAndDestroy()),
        "ends at once": greeting((socket) => socket.end()),
        "closes when it is asked": place((socket) => socket.destroy()),
        "resets when it is asked": place((socket) => socket.resetAndDestroy()),
        "closes in its header": place((socket) => socket.end(`${ok}content-le`)),
        "speaks something else": place(answer("220 mail.example ESMTP\r\n")),
        "speaks TLS": place(answer("\x15\x03\x01\x00\x02\x02\x28")),
        "says no status": place(answer("HTTP/1.1 abc\r\n\r\n")),
        "says a status that is none": place(answer("HTTP/1.1 099 No\r\n\r\n")),
        "switches protocols": place(answer("HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")),
        "says two lengths": place(answer(`${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nab`)),
        "says a length in two ways": place(answer(`${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\nab`)),
        "says NUL": place(answer(`${ok}x: \0\r\n\r\n`)),
        "a header without end": endless(`${ok}x: `, some(10_000)),
        "a header that is too long": place(answer(`${ok}x: ${some(20_000)}\r\ncontent-length: 0\r\n\r\n`)),
        "headers without end": endless(ok, `x: ${some(1_000)}\r\n`),
        "a status line without end": endless("HTTP/1.1 200 ", some(10_000)),
        "interim answers without end": endless("", "HTTP/1.1 103 Early\r\nlink: x\r\n\r\n".repeat(100)),
        "interim answers, as many as are quickly read": place(answer("HTTP/1.1 102 Wait\r\n\r\n".repeat(17)))
      }
      for (const [sort, serving] of Object.entries(places)) {
        const there = yield* serving
        const failure = yield* Effect.flip(to(there, { body: new Uint8Array(10) }))
        assert.strictEqual(failure._tag, "OutboundFailed", sort)
        const kinds = sort.startsWith("resets at once") ? ["broken", "unreachable"] : ["broken"] // as the system tells it
        assert.include(kinds, (failure as OutboundFailed).kind, sort)
        assert.notInclude(JSON.stringify(failure), "127.0.0.1", sort)
      }
    })
  )

  it.live("takes a connection that ended as it opened for broken", () =>
    Effect.gen(function* () {
      const there = yield* place(answer(`${ok}content-length: 0\r\n\r\n`))
      const dial: Dial = (address, port) => {
        const socket = network(() => there)(address, port)
        return socket.once("connect", () => socket.destroy())
      }
      const failure = yield* Effect.flip(
        posting({ allow: loopback, dial }, { url: "http://127.0.0.1/", timeoutMs: 2_000 })
      )
      assert.deepInclude(failure, { kind: "broken" })
    })
  )

  it.live("has an answer once there is a status, and reads of its body no more than it may", () =>
    Effect.gen(function* () {
      const forever = (start: string, more: string) => place((socket) => flood(socket, start, more))
      const all = yield* place(answer(`${ok}content-length: ${longestBody}\r\n\r\n${some(longestBody)}`))
      assert.deepInclude(yield* to(all), { status: 200, isWhole: true })
      const one = yield* place((socket) => socket.end(`${ok}\r\n${some(longestBody + 1)}`))
      const toItsEnd = yield* place((socket) => socket.end(`${ok}\r\nabc`))
      assert.deepInclude(yield* to(toItsEnd), { body: new TextEncoder().encode("abc"), isWhole: true })
      for (const there of [
        one,
        yield* forever(`${ok}content-length: 9999999999\r\n\r\n`, some(1_000)),
        yield* forever(`${ok}\r\n`, some(1_000)),
        yield* forever(chunked, "1\r\nx\r\n".repeat(500))
      ]) {
        const answered = yield* to(there)
        assert.deepInclude(answered, { status: 200, isWhole: false })
        assert.lengthOf(answered.body, longestBody)
      }
      for (const there of [
        yield* forever(`${chunked}1;`, some(1_000)),
        yield* forever(`${chunked}0\r\n`, "x: y\r\n".repeat(500)),
        yield* forever(chunked, "0".repeat(1_000)),
        yield* place((socket) => socket.end(`${ok}content-length: 5\r\n\r\nabc`)),
        yield* place((socket) => socket.write(`${ok}content-length: 5\r\n\r\nabc`, () => socket.resetAndDestroy())),
        yield* place((socket) => socket.end(`${chunked}nonsense\r\n`))
      ]) {
        const begun = performance.now()
        const answered = yield* to(there)
        assert.deepInclude(answered, { status: 200, isWhole: false })
        assert.isAtMost(answered.body.length, 3)
        assert.isBelow(performance.now() - begun, 5_000)
      }
      const hangingOpen = yield* place(answer(`${ok}\r\nabc`))
      assert.deepInclude(yield* to(hangingOpen, { timeoutMs: 300 }), { status: 200, isWhole: false })
      const hanging = yield* place(answer(`${ok}content-length: 5\r\nretry-after: 1\r\n\r\nabc`))
      const answered = yield* to(hanging, { timeoutMs: 300 })
      assert.deepInclude(answered, { status: 200, isWhole: false, headers: { retryAfterMillis: 1_000 } })
      assert.strictEqual(Buffer.from(answered.body).toString(), "abc")
    })
  )
}
