import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { connect } from "nats"
import { eventually, text } from "./Homing.ts"
import { proxy } from "./proxy/Proxy.ts"
import { numbered, SharedGateways } from "./SharedGateways.ts"
import { describeWith } from "./servers/Installed.ts"

const planted = (url: string, words: string) =>
  Effect.promise(async () => {
    const connection = await connect({ servers: url, reconnect: false })
    connection.publish("a.subject", words)
    await connection.flush()
    await connection.close()
  })

describeWith("PostgreSQL", "several gateways", () => {
  it.layer(SharedGateways.layer, { excludeTestServices: true })("", (it) => {
    it.effect("a caller of one is answered when the other one recorded the report", () =>
      Effect.gen(function* () {
        const { device, gateway, natsPort, send, whatsapp, env, seen } = yield* SharedGateways
        const way = yield* proxy(natsPort)
        const [one] = yield* Effect.all([gateway({ NATS_URL: way.through(env.NATS_URL) }), gateway()], {
          concurrency: "unbounded"
        })
        yield* eventually(one.call("GET", `/v1/devices/${device}`), ({ body }) => body.state === "connected")
        assert.strictEqual((yield* send(one, "before the cut")).status, 201)
        yield* whatsapp.control("faults", { ack: { lateMs: 4_000 } })
        const before = (yield* seen).length
        const waiting = yield* Effect.forkChild(send(one, "through the cut"))
        yield* eventually(seen, (all) => all.length === before + 1)
        yield* way.set({ silent: "both" })
        yield* way.cut
        const { body, status } = yield* Fiber.join(waiting)
        yield* whatsapp.control("faults", { ack: "normal" })
        assert.deepStrictEqual([status, body.status], [201, "sent"])
      }).pipe(Effect.scoped)
    )

    it.effect("together they allow a key what one allows", () =>
      Effect.gen(function* () {
        const { caller, gateway } = yield* SharedGateways
        const both = yield* Effect.all([gateway(), gateway()], { concurrency: "unbounded" })
        const as = yield* caller(both[0])
        for (const one of both) yield* eventually(as(one)("GET", "/v1/messages"), ({ status }) => status === 200)
        const [took, answers] = yield* Effect.timed(
          Effect.forEach(numbered("ask", 240), (_, i) => as(both[i % 2]!)("GET", "/v1/messages?limit=1"), {
            concurrency: 16
          })
        )
        const allowed = answers.filter(({ status }) => status === 200).length
        assert.isAtMost(allowed, 121 + 2 * Duration.toSeconds(took)) // two come back in each second
        assert.isAtLeast(allowed, 100)
        assert.strictEqual(answers.filter(({ status }) => status === 429).length, 240 - allowed)
      }).pipe(Effect.scoped)
    )

    it.effect("who has other secrets, or keeps a part to itself, is refused and told what to do", () =>
      Effect.gen(function* () {
        const { cwd, env, gateway, refused } = yield* SharedGateways
        yield* gateway()
        const { DATABASE_URL, EVENTSTORE_URL, NATS_URL } = env
        const [all, secrets] = [{ DATABASE_URL, EVENTSTORE_URL, NATS_URL }, join(cwd, "gateway", "secrets")]
        const without = (name: keyof typeof all, DATA_DIR = "gateway") => {
          const { [name]: _, ...left } = all
          return refused({ ...left, DATA_DIR })
        }
        const bare = yield* refused({ ...all, DATA_DIR: "bare" })
        assert.strictEqual(bare.code, 1)
        assert.match(bare.said, /^homing: .*the secret subject-keys is missing.* Put it back from a backup$/m)
        assert.isFalse(existsSync(join(cwd, "bare", "secrets", "pepper")))
        cpSync(join(cwd, "gateway"), join(cwd, "other"), { recursive: true })
        writeFileSync(join(cwd, "other", "secrets", "pepper"), Buffer.alloc(32, 7))
        const other = yield* refused({ ...all, DATA_DIR: "other" })
        assert.strictEqual(other.code, 1)
        assert.match(
          other.said,
          /^homing: the secret pepper is not the one of this log\. Put back the secrets .*adopt`$/m
        )
        mkdirSync(join(cwd, "half", "secrets"), { recursive: true, mode: 0o700 })
        for (const name of ["pepper", "subject-keys"]) {
          cpSync(join(secrets, name), join(cwd, "half", "secrets", name))
        }
        const half = yield* refused({ ...all, DATA_DIR: "half" })
        assert.strictEqual(half.code, 1)
        assert.match(half.said, /^homing: none of the secrets is a key of the gateway .* Put back .*adopt`$/m)
        cpSync(join(cwd, "gateway"), join(cwd, "copy"), { recursive: true })
        for (const name of ["DATABASE_URL", "NATS_URL"] as const) {
          const { code, said } = yield* without(name, "copy")
          assert.strictEqual(code, 1)
          assert.match(said, /^homing: several gateways may run on this log: .* have to be set, all three/m)
        }
        const { code, said } = yield* without("EVENTSTORE_URL", "copy")
        assert.strictEqual(code, 1)
        assert.match(
          said,
          /^homing: copy.secrets.gateway-signing is of a gateway whose log was begun, .* set EVENTSTORE_URL/m
        )
      }).pipe(Effect.scoped)
    )

    it.effect("between them, the agent and the broker no text and no number is heard", () =>
      Effect.gen(function* () {
        const { device, env, gateway, heard } = yield* SharedGateways
        const [words, number] = ["the lavender armadillo waits", "60117654321"]
        const one = yield* gateway()
        const message = { ...text(device, words, { until: "sent", timeoutMs: 30_000 }), to: `+${number}` }
        const sent = yield* one.call("POST", "/v1/messages", message, { "idempotency-key": "sniffed" })
        assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
        assert.deepStrictEqual(heard.find({ text: words, number, "own number": "15550100001" }), [])
        // it hears the very envelopes, and what would be planted among them
        assert.isNotEmpty(heard.find({ device }))
        yield* planted(env.NATS_URL, `${words} ${number}`)
        assert.deepStrictEqual(heard.find({ text: words, number }), [
          "number as text in broker toServer",
          "text as text in broker toServer"
        ])
      }).pipe(Effect.scoped)
    )
  })
})
