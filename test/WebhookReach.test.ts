import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import { accepted, network, place, type Serve } from "#infra/outbound-http/testing/Place.ts"
import { addresses, spellings, tricks } from "#infra/outbound-http/testing/Vectors.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, gatewayOptions, start, text } from "./Homing.ts"

// Nothing of this leaves the machine: every address leads to a canary, but for one that is outside.

const outsideAddress = "93.184.216.34"
const forbidden = Object.values(addresses).flat() as ReadonlyArray<string>
const literal = (address: string) => (address.includes(":") ? `[${address}]` : address)
/** What a name leads to is seen when it is asked. */
const isName = (url: string) => url === "" || (URL.canParse(url) && /(^|\.)localhost$/.test(new URL(url).hostname))
const queued = "homing.message.queued.v1"

/** Where `answers` says what the only name leads to, each time that somebody asks. */
const scene = Effect.fnUntraced(function* (serve: Serve = accepted) {
  const canary = yield* place(accepted)
  const outside = yield* place(serve)
  const answers: Array<string> = []
  const ports = NodeHttpOutbound.layer({
    allow: [{ range: "public", port: undefined }],
    dial: network((address) => (address === outsideAddress ? outside : canary)),
    resolve: async () => [answers.shift() ?? outsideAddress]
  })
  const options = { ...gatewayOptions, webhooks: { delaysMillis: [0] } }
  const homing = yield* start(yield* folder, AcknowledgesAtOnce.make().layer, { ports, options })
  const create = (url: string) => homing.call("POST", "/v1/endpoints", { url, types: [queued] })
  return { ...homing, answers, canary, create, outside }
})

describe("a webhook reaches nothing but the internet", () => {
  it.live("as a literal, however it is written", () =>
    Effect.gen(function* () {
      const { canary, create, outside, call } = yield* scene()
      const literals = forbidden.flatMap((address) => [
        `http://${literal(address)}:8080/`,
        `https://${literal(address)}/`
      ])
      const written = [...spellings, ...tricks].map((url) => url.replace("PORT", "8080")).filter((url) => !isName(url))
      const all = [...literals, ...written]
      assert.isAtLeast(all.length, 300)
      for (const url of all) {
        const { body, status } = yield* create(url)
        assert.deepInclude(["address_refused", "invalid_request"], body.code, url)
        assert.strictEqual(status, 422, url)
      }
      const { body } = yield* create(`http://${outsideAddress}/`)
      assert.strictEqual((yield* call("POST", `/v1/endpoints/${body.id}/test`, {})).body.status, 204)
      const moved = yield* call("PATCH", `/v1/endpoints/${body.id}`, { url: "http://169.254.169.254/" })
      assert.strictEqual(moved.body.code, "address_refused")
      assert.deepStrictEqual([canary.connections.length, outside.connections.length], [0, 1])
    })
  )

  it.live("as what a name leads to, now or a moment later, in a test and in a delivery", () =>
    Effect.gen(function* () {
      const { answers, call, canary, create, ...homing } = yield* scene()
      const device = yield* connectedDevice({ ...homing, call })
      const { body } = yield* create("http://hooks.example/")
      const test = call("POST", `/v1/endpoints/${body.id}/test`, {})
      for (const address of forbidden) {
        answers.push(address)
        assert.strictEqual((yield* test).body.error, "refused: address", address)
      }
      assert.strictEqual((yield* test).body.status, 204) // it was the name alone
      for (const address of forbidden.slice(0, 20)) {
        answers.push(address)
        yield* call("POST", "/v1/messages", text(device))
      }
      const dead = call("GET", `/v1/deliveries?endpoint=${body.id}&limit=100`)
      const settled = yield* eventually(
        dead,
        ({ body }) =>
          body.items.length > 0 && body.items.every(({ status }: { readonly status: string }) => status !== "pending")
      )
      const errors = settled.body.items.map(
        ({ attempts }: { readonly attempts: [{ readonly error?: string }] }) => attempts[0].error
      )
      assert.deepStrictEqual([...new Set(errors)], ["refused: address"])
      assert.lengthOf(canary.connections, 0)
    })
  )

  it.live("as where an answer sends it", () =>
    Effect.gen(function* () {
      let status = 301
      const to = "http://169.254.169.254/"
      const { call, canary, create, outside } = yield* scene((socket) =>
        socket.end(`HTTP/1.1 ${status} Moved\r\nlocation: ${to}\r\nrefresh: 0; url=${to}\r\ncontent-length: 0\r\n\r\n`)
      )
      const { body } = yield* create("http://hooks.example/")
      for (status of [300, 301, 302, 303, 307, 308]) {
        assert.strictEqual((yield* call("POST", `/v1/endpoints/${body.id}/test`, {})).body.status, status)
      }
      assert.deepStrictEqual([canary.connections.length, outside.connections.length], [0, 6])
    })
  )
})
