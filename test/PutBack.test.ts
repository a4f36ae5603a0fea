import { mkdirSync } from "node:fs"
import { basename, join } from "node:path"
import { backup, DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, type Scope } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { eventually, folder, text } from "./Homing.ts"
import { grow, headOf, keptLog } from "./KeptLog.ts"
import { homing, scan, simulator, started } from "./Process.ts"

/** A log whose moments can be kept, and put in its place again. */
interface Place {
  readonly env: Readonly<Record<string, string>>
  /** The database that holds its events. */
  readonly live: string
  /** How far one event may be from the next. */
  readonly step: number
  readonly keep: (as: string) => Effect.Effect<void>
  readonly putBack: (as: string) => Effect.Effect<void>
  /** Puts one back under the process that has it open, and keeps what was there until then. */
  readonly exchange: (kept: string, by: string, pid: number) => Effect.Effect<void>
}

const inSqlite = (cwd: string): Effect.Effect<Place> => {
  const [live, kept] = [join(cwd, "data", "log.db"), (as: string) => join(cwd, as, "log.db")]
  /** Fails while somebody holds a lock of either. */
  const copy = (from: string, to: string) =>
    Effect.tryPromise(async () => {
      const source = new DatabaseSync(from)
      await backup(source, to).finally(() => source.close())
    })
  const keep = (as: string) =>
    Effect.suspend(() => {
      mkdirSync(join(cwd, as), { recursive: true })
      return copy(live, kept(as))
    })
  const putBack = (as: string) => copy(kept(as), live)
  return Effect.succeed({
    env: {},
    live,
    step: 1,
    keep: (as) => Effect.orDie(keep(as)),
    putBack: (as) => Effect.orDie(putBack(as)),
    exchange: (as, by, pid) =>
      Effect.sync(() => process.kill(pid, "SIGSTOP")).pipe(
        Effect.andThen(keep(as)),
        Effect.andThen(putBack(by)),
        Effect.ensuring(Effect.sync(() => process.kill(pid, "SIGCONT"))),
        Effect.retry({ times: 20, schedule: Schedule.spaced("100 millis") }), // it was stopped in the midst of a commit
        Effect.orDie
      )
  })
}

const inEventStoreDb = (cwd: string): Effect.Effect<Place, never, Scope.Scope> =>
  Effect.map(eventStoreDouble, (server) => ({ env: { EVENTSTORE_URL: server.url }, ...keptLog(cwd, server) }))

const phone = "15550100001"

/** With a linked device, over a log that is not what it was when this ends: its older copy, grown, or not. */
const replaced = Effect.fnUntraced(function* <R>(
  place: (cwd: string) => Effect.Effect<Place, never, R>,
  grown: boolean
) {
  const cwd = yield* folder
  const whatsapp = yield* simulator(cwd)
  const log = yield* place(cwd)
  const env = {
    DATA_DIR: "data",
    WHATSAPP_URL: whatsapp.url,
    API_KEY: "a key for these tests",
    LOG_LEVEL: "error",
    ...log.env
  }
  const begin = started({ cwd, env }, env.API_KEY)
  const running = yield* begin
  const { call } = running
  const { body } = yield* eventually(call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
  const device: string = body.items[0].id
  yield* scan(running, whatsapp, device, phone)
  const send = (key: string) => call("POST", "/v1/messages", text(device, key), { "idempotency-key": key })
  assert.strictEqual((yield* send("before")).status, 201)
  yield* log.keep("copy")
  for (const n of [1, 2, 3]) yield* eventually(send(`forgotten-${n}`), ({ status }) => status < 300)
  yield* eventually(call("GET", "/health/ready"), ({ status }) => status === 200)
  const copy = join(cwd, "copy", basename(log.live))
  if (grown) grow(copy, log.step)
  yield* log.exchange("whole", "copy", running.process.pid)
  return { begin, call, copy, cwd, env, log, running, send, whatsapp }
})

for (const [where, place] of [
  ["SQLite", inSqlite],
  ["the stand-in of EventStoreDB", inEventStoreDb]
] as const) {
  describe(`an older log in ${where}, put back under a running gateway`, () => {
    for (const [what, grown] of [
      ["ends before what was read", false],
      ["has grown past it", true]
    ] as const) {
      it.live(`${what}: nothing is taken, nothing acknowledged, and no start goes on from there`, () =>
        Effect.gen(function* () {
          const { begin, call, copy, cwd, env, log, running, send, whatsapp } = yield* replaced(place, grown)
          const ready = call("GET", "/health/ready")
          yield* eventually(ready, ({ body, status }) => status === 503 && body.code === "store_unavailable")
          const asked = [
            send("new"),
            call("POST", "/v1/devices", { name: "another", pairing: "qr" }),
            call("POST", "/v1/clients", { name: "shop", scopes: ["messages:send"] }),
            call("POST", "/v1/endpoints", { url: "https://shop.example/homing" })
          ]
          for (const one of asked) {
            const { body, headers, status } = yield* one
            assert.deepStrictEqual([status, body.code], [503, "store_unavailable"])
            assert.isNotNull(headers.get("retry-after"))
          }
          const { waMessageId } = yield* whatsapp.control("incoming", {
            from: "15550100002",
            to: phone,
            text: "hello"
          })
          assert.strictEqual((yield* ready).status, 503)
          yield* running.process.end("SIGTERM")

          assert.strictEqual(headOf(log.live), headOf(copy))
          const next = yield* homing(["start"], { cwd, env: { PORT: "0", ...env } })
          assert.strictEqual((yield* next.ended).code, 1)
          const line = grown
            ? /^homing: the log is not the one of its views: at \d+ they have read the event [\w-]{36}, and there stands (none|[\w-]{36})\. .*raise-epoch.*$/
            : /^homing: the log is older than its views: it ends at \d+, and they have come to \d+\. .*raise-epoch.*$/
          assert.match(next.stderr().trim(), line)

          yield* log.putBack("whole")
          const again = yield* begin
          const all = again.call("GET", "/v1/inbound")
          yield* eventually(all, ({ body }) => JSON.stringify(body).includes(waMessageId as string))
        })
      )
    }
  })
}
