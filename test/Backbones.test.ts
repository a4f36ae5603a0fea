import { assert, describe, it } from "@effect/vitest"
import { Array, Effect } from "effect"
import { callerOf, eventually, text } from "./Homing.ts"
import { scan } from "./Process.ts"
import * as Split from "./Split.ts"

describe("gateway and agent apart, over EventStoreDB's stand-in, NATS and PostgreSQL", () => {
  it.live("a message is sent and proven", () =>
    Effect.gen(function* () {
      const bones = yield* Split.backbones
      const { device, gateway } = yield* Split.connected(bones)
      yield* scan(gateway, bones.whatsapp, device, "15550100001")
      const sent = yield* gateway.call("POST", "/v1/messages", text(device, "one"), { "idempotency-key": "one" })
      assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])
    })
  )

  it.live("two gateways share the work, and one goes on when the other is killed", () =>
    Effect.gen(function* () {
      const bones = yield* Split.backbones
      const { device, gateway: one } = yield* Split.connected(bones)
      yield* scan(one, bones.whatsapp, device, "15550100001")
      const two = yield* Split.gateway(bones, "gateway", one.key)
      yield* eventually(two.call("GET", `/v1/devices/${device}`), ({ body }) => body.state === "connected")

      const wanted = { name: "shop", scopes: ["messages:read"] }
      const { body: client } = yield* one.call("POST", "/v1/clients", wanted)
      const withKey = callerOf(two.url, client.key.secret)("GET", "/v1/messages")
      yield* eventually(withKey, ({ status }) => status === 200)
      yield* one.call("DELETE", `/v1/clients/${client.id}/keys/${client.key.id}`)
      yield* eventually(withKey, ({ status }) => status === 401)

      const { body: other } = yield* one.call("POST", "/v1/devices", { name: "another", pairing: "qr" })
      for (const { call } of [one, two]) {
        yield* eventually(call("GET", `/v1/devices/${other.id}`), ({ body }) => body.qr !== undefined)
      }

      const send = (gateway: Split.Gateway, words: string) =>
        gateway.call("POST", "/v1/messages", text(device, words, { until: "sent", timeoutMs: 60_000 }), {
          "idempotency-key": words
        })
      const both = yield* Effect.forEach(
        Array.makeBy(20, (i) => `both-${i}`),
        (words, i) => send(i % 2 === 0 ? one : two, words),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        both.map(({ status }) => status),
        both.map(() => 201)
      )

      yield* one.process.end("SIGKILL")
      const begun = performance.now()
      const after = yield* Effect.forEach(
        Array.makeBy(10, (i) => `after-${i}`),
        (words) => send(two, words),
        { concurrency: "unbounded" }
      )
      const took = performance.now() - begun
      assert.deepStrictEqual(
        after.map(({ status }) => status),
        after.map(() => 201)
      )
      assert.isBelow(took, 20_000) // a lease and a renewal are 6.5 s; the rest is for busy machines
      yield* eventually(two.call("GET", "/v1/messages?limit=100"), ({ body }) => body.items?.length === 30)
      const seen = (yield* bones.whatsapp.control("messages")) as ReadonlyArray<{ readonly waMessageId: string }>
      assert.strictEqual(new Set(seen.map(({ waMessageId }) => waMessageId)).size, 30)
    })
  )
})
