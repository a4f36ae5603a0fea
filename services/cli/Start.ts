import { Effect, Redacted, Schedule, Stream } from "effect"
import { HttpServer } from "effect/http"
import type { DeviceId } from "#domain/Ids.ts"
import { patiently } from "#domain/Patience.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { traces, whatsapp } from "#mac-agent/Layers.ts"
import { Authenticator } from "../access/Authenticator.ts"
import { Clients } from "../access/Clients.ts"
import type { Config } from "../Config.ts"
import type { DeviceDocument } from "../devices/DeviceDocument.ts"
import { Devices } from "../devices/Devices.ts"
import { type PairingCode, PairingCodes } from "../devices/PairingCodes.ts"
import * as QrCode from "../devices/QrCode.ts"
import { Usefulness } from "../health/Usefulness.ts"
import { isLoss } from "../layers/Adapters.ts"
import { alone, together } from "../layers/Processes.ts"
import { type Role, roleOf } from "../layers/Role.ts"
import { senderOptions, whatsAppOptions } from "../layers/WhatsAppSettings.ts"
import { areThere } from "../meta/Apps.ts"
import * as Log from "../telemetry/Log.ts"
import { version } from "../Version.ts"
import { Views } from "../views/Views.ts"
import { rebuilt } from "./Rebuilt.ts"
import { configured, gatewayOptions } from "./Settings.ts"
import { bad, faint, good, say, sayNotice, strong } from "./Terminal.ts"

/** What its role says, on the configured folder, until a signal ends it. A second start continues. */
export const run = (config: Config) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { addresses, process } = config
      const folder = process.dataDirectory
      const options = gatewayOptions(config)
      const role = roleOf({ ...process, ...addresses })
      const layer =
        role === "embedded"
          ? together(
              folder,
              options,
              whatsapp(folder, whatsAppOptions(config.whatsApp)),
              addresses,
              senderOptions(config.whatsApp)
            )
          : alone(folder, addresses, options)
      const services = yield* rebuilt(layer, isLoss(addresses))
      yield* greet(config, role).pipe(Effect.provideContext(services))
      yield* Effect.never
    })
  ).pipe(
    Effect.onInterrupt(() => Effect.logInfo("stopped")),
    Effect.provide(traces(config.traces, "homing", version)),
    Effect.provide(Log.layer({ ...config.log, notices: sayNotice }))
  )

/** With the configuration of this process. */
export const main = Effect.flatMap(configured, run)

/** Whoever has told an address is called there: it ends over nothing that is away for a while. */
const surely = Effect.retry(patiently)

const greet = Effect.fnUntraced(function* ({ access, meta, process }: Config, role: Role) {
  const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const codes = yield* PairingCodes
  const offered = new Set<DeviceId>()
  const shown = Stream.runForEach(codes.shown, (code) =>
    Effect.andThen(
      show(code),
      Effect.sync(() => offered.add(code.device))
    )
  )
  yield* Effect.forkScoped(shown, { startImmediately: true })
  yield* Effect.forkScoped(Effect.repeat(tellScanned(offered), Schedule.spaced("500 millis")))

  say("", `  ${strong("Homing")}  ${url}   ${faint(`data in ${process.dataDirectory}`)}`)
  yield* Effect.logInfo("started", { url, role, version, folder: process.dataDirectory })
  yield* Effect.forkScoped((yield* Usefulness).telling)
  const head = yield* surely((yield* EventStore).head)
  if (head !== undefined) yield* (yield* Views).reached(head) // who and what there is already
  const caller = access.apiKey === undefined ? yield* surely(firstKey) : yield* holderOf(access.apiKey)
  if (role === "gateway") return
  const devices = yield* Devices
  if (!(yield* surely(devices.isNone))) return // nothing of them is opened to be counted
  const isOffered = (process.firstDevice ?? (areThere(meta) ? "none" : "qr")) === "qr"
  if (caller === undefined || !isOffered) return say(`  ${faint("No device yet: POST /v1/devices links one.")}`, "")
  say(`  ${faint("No device yet: open WhatsApp on the phone, Linked devices, Link a device, and scan.")}`, "")
  const idempotencyKey = globalThis.crypto.randomUUID()
  yield* surely(devices.create(caller, { idempotencyKey, name: "first device", pairing: { method: "qr" } }))
})

/** Of a new log; nobody can be told it again. */
const firstKey = Effect.gen(function* () {
  const first = yield* (yield* Clients).first
  if (first === undefined) return undefined
  const { client, key } = first
  say("", `  ${strong("Your API key")}, shown this once:`, "", `    ${key.secret}`, "")
  return { client, key: key.id }
})

/** With a configured key no other is made: one that was never shown would be the log's first for ever. */
const holderOf = Effect.fnUntraced(function* (apiKey: Redacted.Redacted) {
  const { authenticate } = yield* Authenticator
  const principal = authenticate(Redacted.value(apiKey))
  return typeof principal === "string" ? undefined : principal
})

/** Whoever reads a journal or a pipe is shown no colours: there they are noise around the code. */
const qrCode = (code: string, { isTTY, rows }: NodeJS.WriteStream) =>
  isTTY ? QrCode.toTerminal(code, rows) : QrCode.toText(code)

const show = ({ code, device, method }: PairingCode & { readonly device: DeviceId }) =>
  Effect.sync(() =>
    method === "qr"
      ? say(qrCode(code, globalThis.process.stdout), `  ${faint(`device ${device}: scan it with the phone`)}`)
      : say("", `  ${faint(`device ${device}: type this into the phone`)}  ${strong(code)}`, "")
  )

/** What became of the codes that were shown here. */
const tellScanned = Effect.fnUntraced(function* (offered: Set<DeviceId>) {
  const devices = yield* Devices
  for (const id of offered) {
    const device = yield* Effect.orElseSucceed(devices.find(id), () => undefined)
    if (device === undefined || (device.state === "pairing" && device.reason === undefined)) continue
    offered.delete(id)
    say("", `  device ${id}: ${outcome(device)}`, "")
  }
})
const outcome = ({ reason, state }: DeviceDocument) => {
  if (state === "connected" || state === "disconnected") return good("linked")
  return bad(`not linked, ${reason}; POST /v1/devices/<id>/pair offers codes again`)
}
