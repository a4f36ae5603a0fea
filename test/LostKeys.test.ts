import { rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, life, start, text } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

/** The keys, of which those of messages that are accepted from `lost.now` on cannot be found any more. */
const forgetful = (lost: { now: boolean }) =>
  Layer.effect(
    SubjectKeys,
    Effect.map(SubjectKeys, (keys) => {
      const gone = new Set<string>()
      return SubjectKeys.of({
        ...keys,
        obtain: (tenant, subject) =>
          Effect.tap(keys.obtain(tenant, subject), ({ version }) =>
            Effect.sync(() => {
              if (lost.now) gone.add(version)
            })
          ),
        find: (tenant, subject, version) =>
          gone.has(version) ? Effect.succeed("missing") : keys.find(tenant, subject, version),
        all: (tenant, subject) =>
          Effect.map(keys.all(tenant, subject), (all) => all.filter(({ version }) => !gone.has(version)))
      })
    })
  )

const without = (keys: Layer.Layer<SubjectKeys, never, SubjectKeys>) => keys as unknown as Layer.Layer<never>

it.live("a message whose key is lost before anybody issued it has failed, and stays so when the key comes back", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const whatsapp = Instant.make({ keep: 100 })
    const lost = { now: false }
    const lines: Array<string> = []
    const first = yield* life
    const before = yield* first.during(
      start(path, whatsapp.layer, { ports: without(forgetful(lost)), log: (line) => void lines.push(line) })
    )
    const device = yield* connectedDevice(before)
    lost.now = true
    const failed = yield* before.call("POST", "/v1/messages", text(device, "lost"), { "idempotency-key": "lost" })
    assert.deepStrictEqual([failed.status, failed.body.status, failed.body.error?.code], [201, "failed", "key_lost"])
    lost.now = false
    const { body: events } = yield* before.call("GET", `/v1/messages/${failed.body.id}/events`)
    assert.deepStrictEqual(
      events.items.map(({ evidence, type }: { evidence?: string; type: string }) => [type, evidence]),
      [
        ["message.queued.v1", undefined],
        ["message.failed.v1", undefined]
      ]
    )
    const shown = yield* before.call("GET", `/v1/messages/${failed.body.id}`)
    assert.deepStrictEqual([shown.status, shown.body.content], [200, undefined])
    assert.strictEqual((yield* before.call("GET", "/v1/messages")).status, 200)
    assert.lengthOf(
      lines.filter((line) => line.includes("a message is not issued") && line.includes("key_lost")),
      1
    )
    const { body: metrics } = yield* before.call("GET", "/metrics")
    assert.match(metrics.text, /^homing_messages_withheld_total\{code="key_lost"\} 1$/m)
    yield* first.end

    for (const end of ["", "-wal", "-shm"]) rmSync(join(path, `views.db${end}`), { force: true })
    const again = yield* start(path, whatsapp.layer)
    const repeated = yield* eventually(
      again.call("POST", "/v1/messages", text(device, "lost"), { "idempotency-key": "lost" }),
      ({ status }) => status === 200
    )
    assert.strictEqual(repeated.body.status, "failed")
    const sent = yield* again.call("POST", "/v1/messages", text(device, "after"), { "idempotency-key": "after" })
    assert.strictEqual(sent.body.status, "sent")
    assert.deepStrictEqual(
      whatsapp.sent.map(({ bytes }) => new TextDecoder().decode(bytes)),
      ["after"]
    )
  })
)

it.live("a message whose key is lost after it was issued is unknown at once, until the agent says more", () =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const whatsapp = yield* simulator(cwd)
    const env = { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, API_KEY: "a key for these tests" }
    const [online, offline] = [env, { ...env, WHATSAPP_URL: "ws://127.0.0.1:9/" }]
    const first = yield* started({ cwd, env: online }, env.API_KEY)
    const [, device] = yield* first.process.says(/device (\S+): scan it with the phone/)
    yield* scan(first, whatsapp, device!, "15550100001")
    yield* first.process.end("SIGTERM")

    const second = yield* started({ cwd, env: offline }, env.API_KEY)
    const asked = text(device!, "on its way", { until: "sent", timeoutMs: 0 })
    const accepted = yield* second.call("POST", "/v1/messages", asked, { "idempotency-key": "one" })
    assert.deepStrictEqual([accepted.status, accepted.body.status], [202, "queued"])
    const stream = `message-${accepted.body.id}`
    const path = `/v1/messages/${accepted.body.id}`
    const data = (file: string) => new DatabaseSync(join(cwd, "data", file))
    const held = Effect.sync(() => {
      const ledger = data("ledger.db")
      const { length } = ledger.prepare("SELECT 1 FROM entries").all()
      ledger.close()
      return length
    })
    yield* eventually(held, (entries) => entries === 1)
    yield* second.process.end("SIGKILL")
    const log = data("log.db")
    const [queued] = log.prepare("SELECT data FROM events WHERE stream = ?").all(stream)
    log.close()
    const { subject } = JSON.parse(queued!.data as string).recipient.address
    const keys = data("subject-keys.db")
    assert.strictEqual(keys.prepare("DELETE FROM keys WHERE subject = ?").run(subject).changes, 1)
    keys.close()

    const third = yield* started({ cwd, env: offline }, env.API_KEY)
    const told = yield* eventually(third.call("GET", path), (answer) => answer.body.status === "unknown")
    assert.isUndefined(told.body.content)
    const { body: events } = yield* third.call("GET", `${path}/events`)
    assert.deepInclude(events.items[1].data, { attempt: 1, code: "key_lost" })
    yield* third.process.end("SIGTERM")
    assert.match(third.process.stderr(), /a message is not issued/)

    const fourth = yield* started({ cwd, env: online }, env.API_KEY)
    yield* eventually(fourth.call("GET", path), ({ body }) => body.status === "sent" || body.status === "read")
    assert.lengthOf(yield* whatsapp.control("messages"), 1)
  })
)
