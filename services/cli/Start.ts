import { Effect, Layer, Stream } from "effect"
import { HttpServer } from "effect/http"
import { Clients } from "../access/Clients.ts"
import type { Config } from "../Config.ts"
import { Devices } from "../devices/Devices.ts"
import { PairingCodes } from "../devices/PairingCodes.ts"
import { together, whatsapp } from "../layers.ts"
import * as Log from "../telemetry/Log.ts"
import * as Qr from "./Qr.ts"
import { gatewayOptions } from "./Settings.ts"
import { faint, say, strong } from "./Terminal.ts"

/** Gateway and agent in this process, on the configured folder, until a signal ends it. A second start continues. */
export const run = (config: Config) =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = whatsapp(
        config.dataDirectory,
        config.whatsAppUrl === undefined ? {} : { webSocketUrl: config.whatsAppUrl }
      )
      const services = yield* Layer.build(
        together(config.dataDirectory, gatewayOptions(config), session).pipe(
          Layer.provideMerge(Log.layer({ level: config.logLevel }))
        )
      )
      yield* greet(config).pipe(Effect.provideContext(services))
      yield* Effect.never
    })
  )

const greet = Effect.fnUntraced(function* (config: Config) {
  const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const codes = yield* PairingCodes
  yield* Effect.forkScoped(Stream.runForEach(codes.shown, show), { startImmediately: true })

  say("", `  ${strong("Homing")}  ${url}   ${faint(`data in ${config.dataDirectory}`)}`)
  const first = yield* (yield* Clients).first
  if (first !== undefined && config.apiKey === undefined) {
    say("", `  ${strong("Your API key")}, shown this once:`, "", `    ${first.key.secret}`, "")
  }
  const devices = yield* Devices
  if ((yield* devices.list).length === 0) {
    say(`  ${faint("No device yet: open WhatsApp on the phone, Linked devices, Link a device, and scan.")}`, "")
    const caller = { client: first?.client, key: first?.key.id }
    if (caller.client !== undefined && caller.key !== undefined) {
      yield* devices.create(
        { client: caller.client, key: caller.key },
        { name: "first device", pairing: { method: "qr" } }
      )
    }
  }
})

const show = ({ code, device, method }: { readonly code: string; readonly device: string; readonly method: string }) =>
  Effect.sync(() =>
    method === "qr"
      ? say(Qr.render(code), "", `  ${faint(`device ${device}: scan it with the phone`)}`, "")
      : say("", `  ${faint(`device ${device}: type this into the phone`)}  ${strong(code)}`, "")
  )
