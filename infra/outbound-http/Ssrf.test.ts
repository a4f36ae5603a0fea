import { syncBuiltinESMExports } from "node:module"
import os from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { type Allowance, OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { layer, type Options } from "./NodeHttp.ts"
import { accepted, answer, network, type Place, place } from "./testing/Place.ts"
import { addresses, noAddresses, spellings, tricks } from "./testing/Vectors.ts"

// Nothing of this leaves the machine: in the network of these tests every address leads to a canary, or outside.

const outsideAddresses = ["93.184.216.34", "2606:4700:4700::1111"]
const forbidden = Object.entries(addresses).flatMap(([sort, some]) => some.map((address) => [sort, address] as const))
const isFour = (address: string) => !address.includes(":")
const literal = (address: string) => (isFour(address) ? address : `[${address}]`)

const everywhere: ReadonlyArray<Allowance> = ["0.0.0.0", "::"].map((address) => ({
  range: { address, bits: 0 },
  port: undefined
}))
/** The vetting switched off: what is in no range is named. */
const nothingVetted = [
  ...everywhere,
  ...addresses.metadata.map(
    (address): Allowance => ({ range: { address, bits: isFour(address) ? 32 : 128 }, port: undefined })
  )
]
/** http, at any port, wherever the internet is: the most that may be had without a range that is not. */
const internet: ReadonlyArray<Allowance> = [{ range: "public", port: undefined }]

const stage = Effect.gen(function* () {
  const canary = yield* place(accepted)
  const outside = yield* place(accepted)
  const dial = network((address) => (outsideAddresses.includes(address) ? outside : canary))
  const outbound = (options: Omit<Options, "dial">) =>
    Effect.map(Layer.build(Layer.fresh(layer({ dial, ...options }))), (services) => Context.get(services, OutboundHttp))
  return { canary, outside, outbound }
})

const post = (outbound: OutboundHttp["Service"], url: string) =>
  outbound.post({ url, headers: {}, body: new Uint8Array([1]), timeoutMs: 10_000 })
const reasonOf = (outbound: OutboundHttp["Service"], url: string) =>
  Effect.map(Effect.flip(post(outbound, url)), (failure) =>
    failure._tag === "OutboundRefused" ? failure.reason : failure.kind
  )
const arrivals = ({ connections }: Place) => connections.length
const named = (answers: ReadonlyArray<string>) => async () => answers

describe("nothing reaches what is not the internet", () => {
  it.live("as a literal", () =>
    Effect.gen(function* () {
      const { canary, outbound } = yield* stage
      const [strict, wide, off] = [
        yield* outbound({ allow: [] }),
        yield* outbound({ allow: internet }),
        yield* outbound({ allow: nothingVetted })
      ]
      for (const [sort, address] of forbidden) {
        const at = `${sort}: ${address}`
        for (const url of [`https://${literal(address)}/`, `http://${literal(address)}:8080/`]) {
          assert.strictEqual(yield* reasonOf(strict, url), "address", at)
          assert.strictEqual(yield* reasonOf(wide, url), "address", at)
          assert.strictEqual((yield* Effect.flip(wide.vet(url))).reason, "address", at)
        }
        assert.strictEqual(arrivals(canary), 0, at)
      }
      for (const [n, [sort, address]] of forbidden.entries()) {
        yield* post(off, `http://${literal(address)}:8080/`)
        assert.strictEqual(arrivals(canary), n + 1, `vetting off, ${sort}: ${address}`)
      }
    })
  )

  it.live("as what a name leads to, alone or beside others", () =>
    Effect.gen(function* () {
      const { canary, outbound, outside } = yield* stage
      for (const [n, [sort, address]] of forbidden.entries()) {
        const at = `${sort}: ${address}`
        const wide = yield* outbound({ allow: internet, resolve: named([address]) })
        assert.strictEqual(yield* reasonOf(wide, "http://hooks.example/"), "address", at)
        const beside = yield* outbound({
          allow: internet,
          resolve: named([address, outsideAddresses[n % 2]!, address])
        })
        assert.strictEqual((yield* post(beside, "http://hooks.example/")).status, 204)
        assert.deepStrictEqual([arrivals(canary), arrivals(outside)], [0, n + 1], at)
      }
      for (const [n, [sort, address]] of forbidden.entries()) {
        const off = yield* outbound({ allow: nothingVetted, resolve: named([address]) })
        yield* post(off, "http://hooks.example/")
        assert.strictEqual(arrivals(canary), n + 1, `vetting off, ${sort}: ${address}`)
      }
    })
  )

  it.live("as what a name leads to a moment later", () =>
    Effect.gen(function* () {
      const { canary, outbound, outside } = yield* stage
      const rebinding = (address: string) => {
        let asked = 0
        return { count: () => asked, resolve: async () => (asked++ === 0 ? [outsideAddresses[0]!] : [address]) }
      }
      for (const [n, [sort, address]] of forbidden.entries()) {
        const at = `${sort}: ${address}`
        const name = rebinding(address)
        const wide = yield* outbound({ allow: internet, resolve: name.resolve })
        assert.strictEqual((yield* post(wide, "http://hooks.example/")).status, 204)
        assert.strictEqual(name.count(), 1, at) // there is no second answer to be had
        assert.strictEqual(yield* reasonOf(wide, "http://hooks.example/"), "address", at)
        assert.deepStrictEqual([arrivals(canary), arrivals(outside)], [0, n + 1], at)
      }
      for (const [n, [sort, address]] of forbidden.entries()) {
        const off = yield* outbound({ allow: nothingVetted, resolve: rebinding(address).resolve })
        yield* post(off, "http://hooks.example/")
        yield* post(off, "http://hooks.example/")
        assert.strictEqual(arrivals(canary), n + 1, `vetting off, ${sort}: ${address}`)
      }
    })
  )

  it.live("as a redirect, which is an answer", () =>
    Effect.gen(function* () {
      const canary = yield* place(accepted)
      for (const status of [300, 301, 302, 303, 307, 308]) {
        const to = `http://127.0.0.1:${canary.port}/`
        const outside = yield* place(
          answer(`HTTP/1.1 ${status} Moved\r\nlocation: ${to}\r\nrefresh: 0; url=${to}\r\ncontent-length: 0\r\n\r\n`)
        )
        const services = yield* Layer.build(
          Layer.fresh(
            layer({ allow: nothingVetted, dial: network((_, port) => (port === canary.port ? canary : outside)) })
          )
        )
        const outbound = Context.get(services, OutboundHttp)
        assert.strictEqual((yield* post(outbound, "http://93.184.216.34/")).status, status)
        assert.deepStrictEqual([arrivals(canary), arrivals(outside)], [0, 1])
      }
      // what would have been followed leads there
      const services = yield* Layer.build(Layer.fresh(layer({ allow: nothingVetted })))
      yield* post(Context.get(services, OutboundHttp), `http://127.0.0.1:${canary.port}/`)
      assert.strictEqual(arrivals(canary), 1)
    })
  )

  it.live("however loopback is written", () =>
    Effect.gen(function* () {
      const { canary, outbound } = yield* stage
      const wide = yield* outbound({ allow: internet })
      const off = yield* outbound({ allow: [{ range: "loopback", port: undefined }] })
      for (const [n, spelling] of spellings.entries()) {
        const url = spelling.replace("PORT", "8080")
        assert.strictEqual(yield* reasonOf(wide, url), "address", spelling)
        assert.strictEqual(arrivals(canary), n, spelling)
        yield* post(off, url)
        assert.strictEqual(arrivals(canary), n + 1, `vetting off: ${spelling}`)
      }
    })
  )

  it.live("by a text that is read in two ways, whatever is allowed", () =>
    Effect.gen(function* () {
      const { canary, outbound } = yield* stage
      const off = yield* outbound({ allow: nothingVetted, resolve: named(["127.0.0.1"]) })
      for (const trick of tricks) {
        const url = trick.replace("PORT", "8080")
        assert.include(["syntax", "scheme", "credentials"], yield* reasonOf(off, url), trick)
        assert.strictEqual((yield* Effect.flip(off.vet(url)))._tag, "OutboundRefused", trick)
      }
      assert.strictEqual(arrivals(canary), 0)
    })
  )

  it.live("by an answer that is no address, whatever is allowed", () =>
    Effect.gen(function* () {
      const { canary, outbound } = yield* stage
      for (const no of noAddresses) {
        const off = yield* outbound({ allow: nothingVetted, resolve: named([no]) })
        assert.strictEqual(yield* reasonOf(off, "http://hooks.example/"), "address", no)
      }
      assert.strictEqual(arrivals(canary), 0)
    })
  )

  it.live("by a connection that ended elsewhere than it was dialled, before a byte is said", () =>
    Effect.gen(function* () {
      const canary = yield* place(accepted)
      const elsewhere = network(() => canary)
      const services = yield* Layer.build(
        Layer.fresh(layer({ allow: internet, dial: (_, port) => elsewhere("93.184.216.35", port) }))
      )
      const outbound = Context.get(services, OutboundHttp)
      assert.strictEqual(yield* reasonOf(outbound, "http://93.184.216.34/"), "address")
      assert.strictEqual(yield* reasonOf(outbound, "https://93.184.216.34/"), "address")
      assert.deepStrictEqual(canary.requests, [])
    })
  )

  it.live("by this machine's own public address", () =>
    Effect.gen(function* () {
      const { outbound } = yield* stage
      const own = os.networkInterfaces
      const public_ = { address: "93.184.216.34", family: "IPv4" } as os.NetworkInterfaceInfo
      const wide = yield* outbound({ allow: internet })
      assert.strictEqual((yield* post(wide, "http://93.184.216.34/")).status, 204)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          os.networkInterfaces = () => ({ ...own(), public: [public_] })
          syncBuiltinESMExports()
        }),
        () =>
          Effect.sync(() => {
            os.networkInterfaces = own
            syncBuiltinESMExports()
          })
      )
      assert.strictEqual(yield* reasonOf(wide, "http://93.184.216.34/"), "address")
      const named = yield* outbound({ allow: [{ range: { address: "93.184.216.34", bits: 32 }, port: undefined }] })
      assert.strictEqual((yield* post(named, "http://93.184.216.34/")).status, 204)
    })
  )
})
