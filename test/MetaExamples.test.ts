import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as RawWebhook from "#domain/meta/RawWebhook.ts"
import { split } from "#domain/meta/Splitting.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { examples } from "#domain/testing/meta/Examples.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { allowancesOf } from "#services/layers/Allowances.ts"
import { eventually, folder, start } from "./Homing.ts"
import { optionsOf, post, signed } from "./MetaFixture.ts"
import { receiver } from "./Receiver.ts"

/** In ASCII, with a slash escaped, as Meta writes; or as everybody else does, on many lines. */
const escaped = (json: string) =>
  json
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("/", "\\/")
const bodies = examples.map(({ payload }, i) =>
  Buffer.from(i % 2 === 0 ? escaped(JSON.stringify(payload)) : JSON.stringify(payload, undefined, 2))
)

describe("what Meta documents", () => {
  it.live("is kept byte for byte, and told member for member", () =>
    Effect.gen(function* () {
      const kept: Array<Uint8Array> = []
      const ports = Layer.effect(
        Blobs,
        Effect.map(Blobs, (blobs) => ({
          ...blobs,
          put: (name, bytes) => {
            kept.push(RawWebhook.read(bytes).bytes)
            return blobs.put(name, bytes)
          }
        }))
      )
      const { call, url } = yield* start(yield* folder, AcknowledgesAtOnce.layer, {
        options: optionsOf(),
        ports,
        withoutAgent: true
      })
      for (const body of bodies) assert.strictEqual((yield* post(url, body)).status, 200)
      assert.deepStrictEqual(
        kept.map((bytes) => Buffer.from(bytes).toString("hex")),
        bodies.map((body) => body.toString("hex"))
      )

      const awaited = examples.flatMap(({ payload }) => split(payload))
      const told = Effect.map(call("GET", "/v1/events?limit=500"), ({ body }) => body.items)
      const items = yield* eventually(told, ({ length }) => length >= awaited.length)
      const inOrder = (all: ReadonlyArray<unknown>) => all.map((one) => JSON.stringify(one)).sort()
      assert.deepStrictEqual(
        inOrder(items.map(({ data }: { readonly data: { readonly change: object } }) => data.change)),
        inOrder(awaited.map(({ payload }) => payload))
      )
    })
  )

  it.live("is handed on byte for byte, with Meta's own signature", () =>
    Effect.gen(function* () {
      const there = yield* receiver()
      const { url } = yield* start(yield* folder, AcknowledgesAtOnce.layer, {
        options: optionsOf({ mode: "sync", destinationUrl: Redacted.make(there.url) }),
        ports: NodeHttpOutbound.layer({ allow: allowancesOf("loopback") ?? [] }),
        withoutAgent: true
      })
      for (const body of bodies) assert.strictEqual((yield* post(url, body)).status, 200)
      assert.lengthOf(there.arrivals, bodies.length)
      for (const [i, { headers, text }] of there.arrivals.entries()) {
        assert.strictEqual(text, bodies[i]!.toString())
        assert.strictEqual(headers["x-meta-signature-256"], signed(bodies[i]!))
      }
    })
  )
})
