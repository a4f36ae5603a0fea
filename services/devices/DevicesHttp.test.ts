import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import jsqr from "jsqr"
import { PNG } from "pngjs"
import { apiKey, ask, baseUrl, device, gateway, isProblem, paired } from "../testing/GatewayFixture.ts"
import type { DeviceDocument } from "./DeviceDocument.ts"

const decode = jsqr as unknown as typeof jsqr.default
const code = "https://wa.me/settings/linked_devices#2@abc,def,ghi"
let pairing: DeviceDocument["pairing"]
const devices = {
  find: (id: string) => Effect.succeed(id === device ? { ...paired, state: "pairing" as const, pairing } : undefined)
}

layer(gateway({ devices }), { excludeTestServices: true })("the QR code of a device", (it) => {
  it.effect("is a picture that is read by a scanner, and a drawing", () =>
    Effect.gen(function* () {
      pairing = { method: "qr", code }
      const png = yield* Effect.flatMap(baseUrl, (url) =>
        Effect.promise(() => fetch(`${url}/v1/devices/${device}/qr.png`, { headers: { "x-api-key": apiKey } }))
      )
      assert.deepStrictEqual(
        [png.status, png.headers.get("content-type"), png.headers.get("cache-control")],
        [200, "image/png", "no-store"]
      )
      const { data, height, width } = PNG.sync.read(Buffer.from(yield* Effect.promise(() => png.arrayBuffer())))
      const read = decode(new Uint8ClampedArray(data), width, height, { inversionAttempts: "dontInvert" })
      assert.strictEqual(read?.data, code)
      const svg = yield* ask("GET", `/v1/devices/${device}/qr.svg`)
      assert.deepStrictEqual([svg.status, svg.type], [200, "image/svg+xml"])
      assert.match(svg.text, /^<svg .*<\/svg>$/s)
    })
  )

  it.effect("is not there when the device is not paired by one, or is unknown, or the key may not", () =>
    Effect.gen(function* () {
      for (const picture of ["qr.png", "qr.svg"]) {
        for (const other of [undefined, { method: "code", code: "ABCD-1234" }] as const) {
          pairing = other
          isProblem(yield* ask("GET", `/v1/devices/${device}/${picture}`), "qr_not_found")
        }
        isProblem(yield* ask("GET", `/v1/devices/unknown/${picture}`), "device_not_found")
        isProblem(yield* ask("GET", `/v1/devices/${device}/${picture}`, { key: "" }), "unauthorized")
      }
    })
  )
})
