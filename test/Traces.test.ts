import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { collector } from "./Collector.ts"
import { eventually, folder, text } from "./Homing.ts"
import { homing, scan, simulator, started } from "./Process.ts"
import { receiver } from "./Receiver.ts"
import { natsServer } from "./servers/Nats.ts"

const phone = "15550100001"
const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
const traceparent = `00-${trace}-00f067aa0ba902b7-01`

describe("traces", () => {
  it.live("follow one message from its request to its read receipt, through two processes and past a restart", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const [whatsapp, nats, traces] = yield* Effect.all([simulator(cwd), natsServer(), collector()], {
        concurrency: "unbounded"
      })
      const env = {
        NATS_URL: nats.url,
        WHATSAPP_URL: whatsapp.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
        OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=hush",
        OTEL_TRACES_SAMPLER_ARG: "0",
        OUTBOUND_ALLOW: "loopback"
      }
      const gateway = yield* started({ cwd, env: { ...env, DATA_DIR: "gateway" } })
      mkdirSync(join(cwd, "agent"), { mode: 0o700 })
      const run = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
        const command = yield* homing(args, { cwd, env: { ...env, DATA_DIR: "agent", API_KEY: gateway.key } })
        yield* command.ended
        return command.stdout().trim()
      })
      const pin = yield* run("agents", "enrol", "--url", gateway.url, yield* run("agent", "keys"))
      yield* run("agent", "trust", pin)
      const agentEnv = { cwd, env: { ...env, DATA_DIR: "agent" } }
      const agent = yield* homing(["agent", "start"], agentEnv)
      yield* agent.says(/Homing agent/)
      const { body: device } = yield* gateway.call("POST", "/v1/devices", { name: "Aunt Nora", pairing: "qr" })
      yield* scan(gateway, whatsapp, device.id, phone)
      // the agent's version is known once it was heard: what is sent before is said in words without traces
      yield* eventually(gateway.call("GET", "/v1/agents"), ({ body }) => body.items[0]?.lastHeardAt !== undefined)
      const hook = yield* receiver()
      const endpoint = { url: hook.url, types: ["homing.message.read.v1"] }
      assert.strictEqual((yield* gateway.call("POST", "/v1/endpoints", endpoint)).status, 201)

      yield* whatsapp.control("faults", { ack: "normal", receipts: [] })
      const headers = { "idempotency-key": "one", traceparent }
      const sent = yield* gateway.call("POST", "/v1/messages", text(device.id, "canary words"), headers)
      assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
      const { waMessageId } = sent.body

      assert.strictEqual((yield* gateway.process.end("SIGTERM")).code, 0)
      assert.strictEqual((yield* agent.end("SIGTERM")).code, 0)
      const again = yield* started({ cwd, env: { ...env, DATA_DIR: "gateway" } }, gateway.key)
      yield* homing(["agent", "start"], agentEnv)
      yield* eventually(again.call("GET", `/v1/devices/${device.id}`), ({ body }) => body.state === "connected")
      for (const receipt of [{}, { type: "read" }]) {
        yield* whatsapp.control("receipt", { to: phone, from: "60123456789@s.whatsapp.net", waMessageId, ...receipt })
      }
      yield* eventually(again.call("GET", `/v1/messages/${sent.body.id}`), ({ body }) => body.status === "read")

      const names = [
        "request",
        "accept",
        "dispatch",
        "take",
        "send",
        "report sent",
        "record sent",
        "report delivered",
        "record delivered",
        "report read",
        "record read",
        "deliver"
      ]
      const found = () => traces.spans.filter(({ traceId }) => traceId === trace)
      yield* eventually(Effect.sync(found), (spans) => names.every((name) => spans.some((span) => span.name === name)))
      const spans = found()
      const known = new Map(spans.map((span) => [span.spanId, span]))
      const under = Object.fromEntries(
        spans.map((span) => [span.name, known.get(span.parentSpanId ?? "")?.name ?? span.parentSpanId])
      )
      assert.deepStrictEqual(under, {
        request: "00f067aa0ba902b7",
        accept: "request",
        dispatch: "accept",
        take: "dispatch",
        send: "take",
        "report sent": "take",
        "record sent": "report sent",
        "report delivered": "take",
        "record delivered": "report delivered",
        "report read": "take",
        "record read": "report read",
        deliver: "record read"
      })
      const agents = ["take", "send", "report sent", "report delivered", "report read"]
      for (const { name, service } of spans) {
        assert.strictEqual(service, agents.includes(name) ? "homing-agent" : "homing", name)
      }
      assert.lengthOf(new Set(traces.spans.map(({ traceId }) => traceId)), 1) // chance began no other
      const delivered = spans.find(({ name }) => name === "deliver")!
      assert.strictEqual(hook.arrivals[0]!.headers.traceparent, `00-${trace}-${delivered.spanId}-01`)
      const all = traces.requests.map(({ text }) => text).join("\n")
      for (const word of [phone, "60123456789", "canary", "Nora", gateway.key, "hush"]) assert.notInclude(all, word)
      assert.isTrue(
        traces.requests.every(({ headers, url }) => headers["x-collector-key"] === "hush" && url === "/v1/traces")
      )
    })
  )
})
