import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Allowance, OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { type MakeLayer, stage } from "./Stage.ts"

/** What may be configured, and reached. */
export const allowed = (layer: MakeLayer) => {
  const { made, posting } = stage(layer)

  it.live("allows the internet by https at its ports, and besides what was allowed, at the ports that were", () =>
    Effect.gen(function* () {
      const allow: ReadonlyArray<Allowance> = [
        { range: "loopback", port: 3000 },
        { range: "private", port: undefined },
        { range: { address: "100.64.0.0", bits: 10 }, port: undefined },
        { range: { address: "2001:db8::", bits: 32 }, port: 8080 },
        { range: "public", port: 9443 }
      ]
      const outbound = yield* made({ allow })
      const none = yield* made({ allow: [] })
      const verdict = (one: OutboundHttp["Service"], url: string) =>
        Effect.match(one.vet(url), { onFailure: ({ reason }) => reason as string, onSuccess: () => "allowed" })
      const expected: ReadonlyArray<readonly [url: string, withNone: string, withSome: string]> = [
        ["https://93.184.216.34/", "allowed", "allowed"],
        ["https://93.184.216.34:8443/", "allowed", "allowed"],
        ["https://[2606:4700::1111]/", "allowed", "allowed"],
        ["https://93.184.216.34:9443/", "port", "allowed"],
        ["http://93.184.216.34:9443/", "scheme", "allowed"],
        ["https://93.184.216.34:22/", "port", "port"],
        ["http://93.184.216.34/", "scheme", "scheme"],
        ["https://127.0.0.1/", "address", "port"],
        ["http://127.0.0.1:3000/", "address", "allowed"],
        ["http://10.0.0.1/", "address", "allowed"],
        ["https://[fd12::1]:9/", "address", "allowed"],
        ["https://[fd00:ec2::254]/", "address", "address"],
        ["http://100.64.0.1/", "address", "allowed"],
        ["http://100.100.100.200/", "address", "address"],
        ["http://[2001:db8::1]:8080/", "address", "allowed"],
        ["http://[2001:db8::1]/", "address", "port"],
        ["http://169.254.169.254/", "address", "address"],
        ["https://hooks.example/", "allowed", "allowed"],
        ["https://hooks.example:8443/x", "allowed", "allowed"],
        ["https://hooks.example:22/", "port", "allowed"], // it may lead to a private address
        ["http://hooks.example/", "scheme", "allowed"]
      ]
      for (const [url, withNone, withSome] of expected) {
        assert.strictEqual(yield* verdict(none, url), withNone, url)
        assert.strictEqual(yield* verdict(outbound, url), withSome, url)
      }
      const leading = (address: string) => ({ allow, resolve: async () => [address] })
      for (const [url, address, reason] of [
        ["http://hooks.example/", "93.184.216.34", "scheme"],
        ["https://hooks.example:22/", "93.184.216.34", "port"],
        ["http://hooks.example/", "127.0.0.1", "port"],
        ["https://hooks.example/", "169.254.169.254", "address"]
      ] as const) {
        assert.deepInclude(
          yield* Effect.flip(posting(leading(address), { url })),
          { _tag: "OutboundRefused", reason },
          url
        )
      }
    })
  )
}
