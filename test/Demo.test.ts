import { readdirSync } from "node:fs"
import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, folder } from "./Homing.ts"
import { homing, keyPattern } from "./Process.ts"
import { receiver } from "./Receiver.ts"

/** The demo in a folder of its own, where it also puts its data. */
const demo = Effect.fnUntraced(function* (args: ReadonlyArray<string>, env: Record<string, string> = {}) {
  const cwd = yield* folder
  const process = yield* homing(["demo", ...args], { cwd, env: { PORT: "0", TMPDIR: cwd, ...env } })
  return { process, leftBehind: Effect.sync(() => readdirSync(cwd)) }
})

const lineOf = (stdout: string) => {
  const lines = stdout.trim().split("\n")
  assert.strictEqual(lines.length, 1)
  return JSON.parse(lines[0]!)
}

/** A port that nobody else has for the moment; held until the scope closes. */
const heldPort = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly release: () => void }>((resume) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number }
      resume(Effect.succeed({ port, release: () => server.close() }))
    })
  }),
  ({ release }) => Effect.sync(release)
)

describe("homing demo", () => {
  it.live("--once --json tells the whole story in one line, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const { leftBehind, process } = yield* demo(["--once", "--json"])
      assert.deepStrictEqual(yield* process.ended, { code: 0, signal: null }, process.stderr())
      const { device, endpoint, events, history, key, message, meta, simulator, url } = lineOf(process.stdout())
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.match(key, keyPattern)
      assert.match(simulator, /^ws:\/\//)
      assert.strictEqual(message.device, device)
      assert.include(["sent", "delivered", "read"], message.status)
      assert.deepStrictEqual(
        history.slice(0, 2).map(({ evidence, type }: { type: string; evidence?: string }) => [type, typeof evidence]),
        [
          ["message.queued.v1", "undefined"],
          ["message.sent.v1", "string"]
        ]
      )
      assert.match(endpoint.url, /^http:\/\/127\.0\.0\.1:\d+\/hook$/)
      assert.lengthOf(events, 1)
      assert.deepInclude(events[0], { type: "homing.inbound.message.v1", source: `/devices/${device}` })
      assert.deepInclude(events[0].data.content, { type: "text", text: "Hello yourself" })
      assert.deepStrictEqual(Object.keys(meta), ["url", "verifyToken", "appSecret"])
      assert.deepStrictEqual(yield* leftBehind, [])
    })
  )

  it.live("--meta shows what a signed webhook of Meta's comes to, with an app of its own", () =>
    Effect.gen(function* () {
      const own = { META_APP_SECRET: "somebody's", WHATSAPP_FORWARD_DESTINATION_URL: "http://127.0.0.1:9/somebody" }
      const { process } = yield* demo(["--once", "--json", "--meta"], own)
      assert.deepStrictEqual(yield* process.ended, { code: 0, signal: null }, process.stderr())
      const { meta, url } = lineOf(process.stdout())
      assert.strictEqual(meta.url, `${url}/webhooks/meta/whatsapp`)
      assert.notInclude(meta.appSecret, "somebody's")
      assert.lengthOf(meta.events, 1)
      assert.deepInclude(meta.events[0], { type: "homing.meta.message.v1", source: "/meta/default" })
    })
  )

  it.live("tells the endpoint of WEBHOOK_URL nothing: it may be somebody's", () =>
    Effect.gen(function* () {
      const there = yield* receiver()
      const { process } = yield* demo(["--once", "--json"], { WEBHOOK_URL: there.url, OUTBOUND_ALLOW: "loopback" })
      assert.deepStrictEqual(yield* process.ended, { code: 0, signal: null }, process.stderr())
      assert.lengthOf(lineOf(process.stdout()).events, 1)
      assert.deepStrictEqual(there.arrivals, [])
    })
  )

  it.live.each([
    ["never", "attempting"],
    ["error", "failed"]
  ] as const)("--ack %s ends well with the honest answer %s", ([ack, status]) =>
    Effect.gen(function* () {
      const { process } = yield* demo(["--once", "--json", "--ack", ack])
      assert.deepStrictEqual(yield* process.ended, { code: 0, signal: null }, process.stderr())
      assert.strictEqual(lineOf(process.stdout()).message.status, status)
    })
  )

  it.live("--ack late answers once WhatsApp has acknowledged, after three seconds, and not before", () =>
    Effect.gen(function* () {
      const { process } = yield* demo(["--once", "--ack", "late"])
      assert.deepStrictEqual(yield* process.ended, { code: 0, signal: null }, process.stderr())
      const [, millis] = process.stdout().match(/answered (?:sent|delivered|read) in (\d+) ms/) ?? []
      assert.isAtLeast(Number(millis), 3_000)
      assert.match(process.stdout(), /attempting +✔ signed by the agent.+sent +✔ signed by the agent/s)
    })
  )

  it.live("stays without --once, answers on its port, and ends at once on a signal without a trace", () =>
    Effect.gen(function* () {
      const { port, release } = yield* heldPort
      release()
      const ends = Effect.fnUntraced(function* (signal: "SIGINT" | "SIGTERM", asked: number) {
        const { leftBehind, process } = yield* demo(["--json"], { PORT: String(asked) })
        const { device, key, url } = JSON.parse((yield* process.says(/^\{.*\}$/m))[0])
        const found = yield* callerOf(url, key)("GET", `/v1/devices/${device}`)
        assert.strictEqual(found.body.state, "connected")
        const { code, millis } = yield* process.end(signal)
        assert.strictEqual(code, 0)
        assert.isBelow(millis, 10_000)
        assert.deepStrictEqual(yield* leftBehind, [])
        return url as string
      })
      const [url] = yield* Effect.all([ends("SIGINT", port), ends("SIGTERM", 0)], { concurrency: 2 })
      assert.strictEqual(url, `http://127.0.0.1:${port}`)
    })
  )

  it.live("says in a line that its port is taken", () =>
    Effect.gen(function* () {
      const { port } = yield* heldPort
      const { leftBehind, process } = yield* demo(["--once"], { PORT: String(port) })
      assert.deepStrictEqual(yield* process.ended, { code: 1, signal: null })
      assert.match(process.stderr(), new RegExp(`^homing: cannot listen on 127\\.0\\.0\\.1:${port}: [^\\n]+\\n$`))
      assert.deepStrictEqual(yield* leftBehind, [])
    })
  )
})
