import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { until } from "#domain/testing/Eventually.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, connectedDevice, eventually, folder, gatewayOptions, life, start, text } from "./Homing.ts"
import { homing, npm, started } from "./Process.ts"

/** One connection, on which requests are written by hand. */
const line = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      await once(socket, "connect")
      let heard = ""
      socket.setEncoding("utf8").on("data", (words: string) => {
        heard += words
      })
      return { socket, heard: () => heard }
    }),
    ({ socket }) => Effect.sync(() => void socket.destroy())
  )

/** A simulator whose parent ended once it was up. */
const orphan = (cwd: string, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const up = `"$0" "$1" simulator --port 0 >"$2" 2>&1 & echo $!; until [ -s "$2" ]; do sleep 0.1; done`
      const entry = join(import.meta.dirname, "../services/cli/homing.ts")
      const args = ["-c", up, process.execPath, entry, join(cwd, crypto.randomUUID())]
      const path = process.env.PATH ?? ""
      return Number(execFileSync("sh", args, { cwd, env: { PATH: path, ...env }, encoding: "utf8" }))
    }),
    (pid) => Effect.ignore(Effect.try(() => process.kill(pid, "SIGKILL")))
  )

/** Its head is asked to be answered by itself: it has been read. */
const begun = ({ heard }: { readonly heard: () => string }) => until(() => heard().includes(" 100 Continue"))
const isOpen = (url: string) =>
  Effect.promise(async () => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const open = await once(socket, "connect").then(
      () => true,
      () => false
    )
    socket.destroy()
    return open
  })

const posting = (device: string, words: string) => {
  const body = JSON.stringify(text(device, words))
  const head = [
    "POST /v1/messages HTTP/1.1",
    "Host: localhost",
    `Authorization: Bearer ${apiKey}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Expect: 100-continue"
  ].join("\r\n")
  return { head: `${head}\r\n\r\n`, body }
}

describe("a stop", () => {
  it.live("takes nothing new, and what was taken is still tried while the door closes", () =>
    Effect.gen(function* () {
      const held = yield* Deferred.make<SendOutcome>()
      const whatsapp = Instant.make({ keep: 10, outcome: () => Deferred.await(held) })
      const options = { ...gatewayOptions, http: { ...gatewayOptions.http, drainTimeoutMs: 5_000 } }
      const first = yield* life
      const homing = yield* first.during(start(yield* folder, whatsapp.layer, { options }))
      const device = yield* connectedDevice(homing)

      const [one, other] = [yield* line(homing.url), yield* line(homing.url)]
      const { heard, socket } = one
      const [early, late] = [posting(device, "early"), posting(device, "late")]
      for (const each of [one, other]) {
        each.socket.write(early.head)
        yield* begun(each)
      }
      const stopping = yield* Effect.forkChild(first.end, { startImmediately: true })
      yield* eventually(isOpen(homing.url), (open) => !open)
      socket.write(early.body + late.head + late.body)
      yield* Effect.promise(() => once(socket, "close"))
      assert.deepStrictEqual(
        [...heard().matchAll(/HTTP\/1.1 ([2-5]\d+)/g)].map(([, status]) => status),
        ["202", "503"]
      )
      assert.match(heard(), /"code":"shutting_down"/)
      yield* eventually(
        Effect.sync(() => whatsapp.sent.length),
        (sent) => sent === 1
      )
      other.socket.destroy()
      yield* Deferred.succeed(held, { _tag: "Acked", at: "2026-01-01T00:00:00.000Z" as never })
      yield* Fiber.join(stopping)
    })
  )

  it.live("is as SIGTERM when the terminal hangs up, also when nobody reads what is printed", () =>
    Effect.gen(function* () {
      const process = yield* homing(["simulator", "--port", "0"], { cwd: yield* folder })
      yield* process.says(/ws:/)
      yield* process.leave
      assert.deepInclude(yield* process.end("SIGHUP"), { code: 0, signal: null })
    })
  )

  it.live("is over at once with a second signal", () =>
    Effect.gen(function* () {
      const env = { DATA_DIR: "data", WHATSAPP_URL: "ws://127.0.0.1:9/", DRAIN_TIMEOUT_MS: "30000" }
      const { key, process, url } = yield* started({ cwd: yield* folder, env })
      const open = yield* line(url)
      const { socket } = open
      socket.write(`POST /v1/devices HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n`)
      socket.write("Content-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
      yield* begun(open)
      const stopping = yield* Effect.forkChild(process.end("SIGTERM"), { startImmediately: true })
      yield* process.says(/stopping: open requests are answered.*requests 1, withinMs 30000/)
      yield* Effect.sleep("600 millis")
      assert.deepInclude(yield* process.end("SIGTERM"), { code: 143, signal: null })
      assert.isBelow((yield* Fiber.join(stopping)).millis, 20_000)
    })
  )

  for (const signal of ["SIGKILL", "SIGHUP"] as const) {
    it.live(`comes when the npm that started it is gone, by ${signal}, which it hands on to nobody`, () =>
      Effect.gen(function* () {
        const process = yield* npm(["start"], {
          cwd: yield* folder,
          env: { PORT: "0", WHATSAPP_URL: "ws://127.0.0.1:9/" }
        })
        yield* process.says(/^ {2}ready$/m)
        const { millis } = yield* process.end(signal) // over when nobody writes to its output any more
        assert.match(process.stderr(), /"msg":"stopping: open[\s\S]*"msg":"stopped"/)
        assert.isBelow(millis, 10_000)
      })
    )
  }

  it.live("stays when npm was no more than the way to start something in the background", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const env = { npm_lifecycle_event: "up", npm_package_name: "homing" }
      for (const other of [env, { npm_lifecycle_event: "start", npm_package_name: "shop" }]) {
        const pid = yield* orphan(cwd, other)
        yield* Effect.sleep("2500 millis") // it would have looked twice
        assert.isTrue(process.kill(pid, 0))
      }
    })
  )

  it.live("reaches the gateway through npm, whose log tells a whole life", () =>
    Effect.gen(function* () {
      const process = yield* npm(["start"], {
        cwd: yield* folder,
        env: { PORT: "0", WHATSAPP_URL: "ws://127.0.0.1:9/" }
      })
      yield* process.says(/Homing\s+http/)
      yield* process.says(/^ {2}ready$/m)
      yield* process.end("SIGTERM")
      const told = process.stderr().matchAll(/"msg":"(started|ready|stopping: open[^"]*|stopped)"/g)
      assert.deepStrictEqual(
        [...told].map(([, words]) => words),
        ["started", "ready", "stopping: open requests are answered", "stopped"]
      )
    })
  )
})
