import { cpSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { claimsOf } from "./Evidence.ts"
import { eventually, folder, text } from "./Homing.ts"
import { homing, keyPattern, scan, simulator, started } from "./Process.ts"

const ownNumber = "15550100001"
const count = (text: string, pattern: RegExp) => [...text.matchAll(new RegExp(pattern, "g"))].length
const typesOf = (items: ReadonlyArray<{ readonly type: string }>) => items.map(({ type }) => type)

describe("homing start", () => {
  it.live("offers no code to whom an app of Meta's is enough, unless told to", () =>
    Effect.gen(function* () {
      for (const [env, isOffered] of [
        [{ META_APP_SECRET: "s".repeat(32) }, false],
        [{ META_APP_SECRET: "s".repeat(32), FIRST_DEVICE: "qr" }, true],
        [{ FIRST_DEVICE: "none" }, false]
      ] as const) {
        const { process } = yield* started({ cwd: yield* folder, env: { DATA_DIR: "data", ...env } })
        yield* process.says(isOffered ? /No device yet: open WhatsApp/ : /No device yet: POST \/v1\/devices links one/)
      }
    })
  )

  it.live("begins with a key and a code; one process holds the folder; a second life continues the first", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const whatsapp = yield* simulator(cwd)
      const env = { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, WHATSAPP_VERSION: "2.3000.1099999999" }
      const options = { cwd, env }

      const first = yield* started(options)
      const [, device] = yield* first.process.says(/device (\S+): scan it with the phone/)
      assert.strictEqual(count(first.process.stdout(), keyPattern), 1)
      yield* scan(first, whatsapp, device!, ownNumber)
      const sent = yield* first.call("POST", "/v1/messages", text(device!, "one"), { "idempotency-key": "one" })
      assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
      assert.deepStrictEqual(yield* whatsapp.versions, ["2.3000.1099999999"])

      const refused = yield* homing(["start"], { cwd, env: { PORT: "0", ...options.env } })
      assert.deepStrictEqual(yield* refused.ended, { code: 1, signal: null })
      assert.strictEqual(
        refused.stderr(),
        `homing: the data directory data is in use by process ${first.process.pid}: stop that first, or set DATA_DIR to another folder\n`
      )
      assert.strictEqual((yield* first.call("GET", "/health/ready")).status, 200)

      yield* whatsapp.control("faults", { ack: "never", receipts: [] })
      const patient = { until: "sent", timeoutMs: 60_000 }
      const open = yield* Effect.forkChild(
        first.call("POST", "/v1/messages", text(device!, "two", patient), { "idempotency-key": "two" }),
        { startImmediately: true }
      )
      const seen = (messages: ReadonlyArray<object>) => messages.length === 2
      yield* eventually(whatsapp.control("messages"), seen)
      assert.strictEqual((yield* first.process.end("SIGTERM")).code, 0)
      const waiting = yield* Fiber.join(open)
      assert.strictEqual(waiting.status, 202)

      yield* whatsapp.control("faults", { ack: "normal", receipts: ["delivery", "read"] })
      const second = yield* started(options, first.key)
      const devices = yield* eventually(second.call("GET", "/v1/devices"), ({ status }) => status === 200)
      assert.deepStrictEqual(
        devices.body.items.map(({ id }: { id: string }) => id),
        [device]
      )
      const again = yield* eventually(
        second.call("GET", `/v1/messages/${waiting.body.id}`),
        ({ body }) => body.status === "read"
      )
      assert.strictEqual(again.body.waMessageId, waiting.body.waMessageId)
      const { body: one } = yield* second.call("GET", `/v1/messages/${sent.body.id}/events`)
      assert.deepStrictEqual(typesOf(one.items).slice(0, 2), ["message.queued.v1", "message.sent.v1"])
      const { body: two } = yield* second.call("GET", `/v1/messages/${waiting.body.id}/events`)
      assert.notMatch(second.process.stdout(), keyPattern)
      assert.notInclude(second.process.stdout(), "scan")
      assert.strictEqual((yield* second.process.end("SIGTERM")).code, 0)

      const reports: ReadonlyArray<{ readonly type: string; readonly evidence: string }> = [...one.items, ...two.items]
      const signed = reports.filter(({ evidence }) => evidence !== undefined)
      const claims = yield* claimsOf(
        join(cwd, "data"),
        signed.map(({ evidence }) => evidence)
      )
      assert.deepStrictEqual(
        claims.map((claim) => `message.${claim}.v1`),
        typesOf(signed)
      )
      const { evidence } = signed[0]!
      const bent = `${evidence.slice(0, -8)}${evidence.at(-8) === "A" ? "B" : "A"}${evidence.slice(-7)}`
      assert.notInclude(yield* claimsOf(join(cwd, "data"), [bent]), "sent")
    })
  )

  it.live("obeys .env, makes no key beside a configured one, and is ready though WhatsApp cannot be reached", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const apiKey = "a key from the file .env"
      writeFileSync(join(cwd, ".env"), `API_KEY="${apiKey}"\nDATA_DIR=elsewhere\nWHATSAPP_URL=ws://127.0.0.1:9/\n`)
      const begun = performance.now()
      const { call, process } = yield* started({ cwd, env: {} }, apiKey)
      yield* eventually(call("GET", "/health/ready"), ({ status }) => status === 200)
      const millis = Math.round(performance.now() - begun)
      console.info(`homing start was ready ${millis} ms after it was spawned`)
      // A second is the aim, and the benchmark measures it on a quiet machine. Here other tests have the processor too:
      // this bound finds a start that waits for something, not a slow one.
      assert.isBelow(millis, 20_000)
      assert.include(process.stdout(), "data in elsewhere")
      assert.notMatch(process.stdout(), keyPattern)
      const clients = yield* eventually(call("GET", "/v1/clients"), ({ status }) => status === 200)
      assert.deepStrictEqual(clients.body.items, [])
      const { body } = yield* eventually(call("GET", "/v1/devices"), (answer) => answer.body.items.length === 1)
      assert.strictEqual(body.items[0].state, "pairing")
      assert.strictEqual((yield* process.end("SIGINT")).code, 0)
    })
  )

  it.live("says in a line what can be put right", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const failing = (env: Record<string, string>) =>
        Effect.gen(function* () {
          const process = yield* homing(["start"], { cwd, env: { PORT: "0", ...env } })
          assert.deepStrictEqual(yield* process.ended, { code: 1, signal: null })
          return process.stderr()
        })
      writeFileSync(join(cwd, "a-file"), "")
      const whole = yield* started({ cwd, env: { DATA_DIR: "data", WHATSAPP_URL: "ws://127.0.0.1:9/" } })
      yield* whole.process.end("SIGTERM")
      cpSync(join(cwd, "data"), join(cwd, "other"), { recursive: true })
      writeFileSync(join(cwd, "data/secrets/pepper"), "short")
      writeFileSync(join(cwd, "other/log.db"), "this is not what it was ".repeat(100))

      const [invalid, noFolder, damaged, noLog] = yield* Effect.all(
        [
          failing({ PORT: "70000", API_KEY: "too short" }),
          failing({ DATA_DIR: "a-file" }),
          failing({ DATA_DIR: "data" }),
          failing({ DATA_DIR: "other" })
        ],
        { concurrency: 2 }
      )
      assert.strictEqual(
        invalid,
        "homing: PORT (environment): expected a port, 0 to 65535\n" +
          "API_KEY (environment): expected at least 16 characters\n"
      )
      assert.match(noFolder, /^homing: the data directory a-file cannot be used: [^\n]+\n$/)
      assert.match(damaged, /^homing: the secret pepper is not available: \S+pepper is damaged[^\n]+\n$/)
      assert.match(noLog, /^homing: the database other\/log\.db cannot be opened: [^\n]+\n$/)
    })
  )
})

describe("homing", () => {
  const run = Effect.fnUntraced(function* (args: ReadonlyArray<string>, env: Record<string, string> = {}) {
    const process = yield* homing(args, { cwd: yield* folder, env })
    const { code } = yield* process.ended
    return { code, out: process.stdout(), all: process.stdout() + process.stderr() }
  })

  it.live("lists its commands", () =>
    Effect.gen(function* () {
      const { code, out } = yield* run(["--help"])
      assert.strictEqual(code, 0)
      for (const command of ["start", "demo", "simulator", "config"])
        assert.match(out, new RegExp(`^ +${command} `, "m"))
      assert.strictEqual((yield* run(["nonsense"])).code, 1)
    })
  )

  it.live("config shows what is in force, but no secret", () =>
    Effect.gen(function* () {
      const env = { API_KEY: "a secret that nobody may see", PORT: "4321" }
      const plain = yield* run(["config"], env)
      assert.strictEqual(plain.code, 0)
      assert.match(plain.out, /API_KEY +\(hidden\) +environment/)
      assert.match(plain.out, /PORT +4321 +environment/)
      assert.match(plain.out, /LOG_LEVEL +info +default/)
      assert.notInclude(plain.all, "nobody may see")
      const json = yield* run(["config", "--json"], env)
      const { settings } = JSON.parse(json.out)
      assert.deepInclude(
        settings.find(({ variable }: { variable: string }) => variable === "PORT"),
        {
          value: "4321",
          source: "environment"
        }
      )
      assert.notInclude(json.all, "nobody may see")
    })
  )
})
