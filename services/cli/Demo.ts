import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Schedule, Schema } from "effect"
import { HttpServer } from "effect/http"
import { examine } from "#domain/evidence/Evidence.ts"
import { whatsapp } from "#mac-agent/Layers.ts"
import { Clients } from "../access/Clients.ts"
import type { Config } from "../Config.ts"
import { type Simulator, simulated } from "../layers/Adapters.ts"
import { allowancesOf } from "../layers/Allowances.ts"
import { together } from "../layers/Processes.ts"
import { nowhere } from "../layers/Settings.ts"
import * as Log from "../telemetry/Log.ts"
import * as Client from "./Client.ts"
import { offered } from "./DashboardCommand.ts"
import { addressOfMeta, type DemoApp, demoApp, metaStory } from "./DemoMeta.ts"
import { reply } from "./DemoReply.ts"
import { gatewayOptions } from "./Settings.ts"
import { faint, good, inStatusColour, say, strong } from "./Terminal.ts"
import * as Timeline from "./Timeline.ts"

export interface DemoOptions {
  readonly once: boolean
  readonly json: boolean
  readonly meta: boolean
  readonly ack: keyof typeof faultsOf
}

export class DemoFailed extends Schema.TaggedError<DemoFailed>()("DemoFailed", { message: Schema.String }) {}

const ownNumber = "15550100001"
const friend = "+15550100002"
const text = "Hello from Homing"

const faultsOf = {
  normal: {},
  never: { ack: "never", receipts: [] },
  late: { ack: { lateMs: 3_000 } },
  error: { ack: { error: 463 } }
} as const

/** For the demo's own receiver of webhooks; what is configured is not asked: addresses there may be somebody's. */
const addresses = { ...nowhere, outboundAllow: allowancesOf("loopback") }

/** Gateway, agent and a simulated WhatsApp in this process, on a folder that goes away with it. */
export const run = (config: Config, options: DemoOptions) =>
  Effect.scoped(
    Effect.gen(function* () {
      const tell = options.json ? () => {} : say
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "homing-demo-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const simulator = yield* simulated({ autoContacts: true, faults: faultsOf[options.ack] })
      tell("", `  ${strong("Homing")}  ${faint("gateway, agent and a simulated WhatsApp in this terminal")}`, "")
      const session = whatsapp(folder, { webSocketUrl: simulator.url })
      const app = demoApp()
      const own = { ...gatewayOptions(config), webhooks: {}, meta: app.options }
      const services = yield* Layer.build(
        together(folder, own, session, addresses).pipe(Layer.provideMerge(Log.layer(config.log)))
      )
      const hasPages = config.dashboard.isOn
      yield* story(simulator, app, { ...options, hasPages }, tell).pipe(Effect.provideContext(services))
    })
  )

const story = Effect.fnUntraced(function* (
  simulator: Simulator,
  app: DemoApp,
  options: DemoOptions & { readonly hasPages: boolean },
  tell: (...lines: ReadonlyArray<string>) => void
) {
  const first = yield* (yield* Clients).first
  if (first === undefined) return yield* new DemoFailed({ message: "a fresh log holds a key already" })
  const address = { url: yield* addressOf, key: first.key.secret }
  const ask = yield* Client.connect(address)

  const device = yield* pair(ask, simulator)
  tell(`  ${good("✔")} paired a device by QR code, as a phone would`)

  const timeoutMs = options.ack === "never" ? 3_000 : 10_000
  const begun = performance.now()
  const { body: message } = yield* ask(({ messages }) =>
    messages.send({
      headers: { "idempotency-key": "demo-1" },
      payload: { device, to: friend, content: { type: "text", text }, confirm: { until: "sent", timeoutMs } }
    })
  )
  const took = Math.round(performance.now() - begun)
  tell(
    `  ${good("✔")} POST /v1/messages answered ${inStatusColour(message.status, strong(message.status))} in ${took} ms`,
    "",
    faint(indent(JSON.stringify(message, undefined, 2))),
    ""
  )

  const params = { id: message.id }
  if (options.ack === "normal") yield* Effect.ignore(settledAs(ask, message.id, "read"))
  const history = yield* ask(({ messages }) => messages.events({ params }))
  const { items: events } = history
  const { findings } = yield* examine(history, history.keys)
  const moments = events.map(({ data: { code }, recordedAt, type }, i): Timeline.Moment => {
    return { type, recordedAt, finding: findings[i]!._tag, ...(typeof code === "string" && { code }) }
  })
  tell(`  ${strong("Its history")}  ${faint(`GET /v1/messages/${message.id}/events`)}`, "")
  tell(...Timeline.render(moments), "")

  const answered =
    options.ack === "normal" ? yield* inTime(reply(ask, simulator, { own: ownNumber, friend }, tell)) : {}
  const meta = addressOfMeta(address.url, app)
  const posted = options.meta ? yield* inTime(metaStory(ask, meta, tell)) : {}
  const dashboard = options.hasPages ? yield* offered(ask, address.url) : undefined
  if (options.json) {
    const once = options.once
      ? { message: yield* ask(({ messages }) => messages.get({ params, query: {} })), history: events }
      : {}
    const places = { simulator: simulator.url, control: simulator.controlUrl }
    say(
      JSON.stringify({ ...address, dashboard, device, ...places, ...once, ...answered, meta: { ...meta, ...posted } })
    )
  }
  const proven = moments.some(({ finding, type }) => type === "message.sent.v1" && finding === "Signed")
  if (options.ack === "normal" && !proven) {
    return yield* new DemoFailed({ message: "no signed report stands behind the answer" })
  }
  if (options.once) return
  tell(...invitation(address, device, simulator, dashboard))
  yield* Effect.never
})

const addressOf = HttpServer.addressFormattedWith((url) => Effect.succeed(url.replace(/\/$/, "")))

/** Creates a device over the API, scans its code with the simulated phone, and waits until it is connected. */
const pair = Effect.fnUntraced(function* (ask: Client.Ask, simulator: Simulator) {
  const { body } = yield* ask(({ devices }) =>
    devices.create({ headers: {}, payload: { name: "demo phone", pairing: "qr" } })
  )
  const device = ask(({ devices }) => devices.get({ params: { id: body.id }, query: {} }))
  const { qr } = yield* until(device, (shown) => shown.qr !== undefined)
  yield* Effect.promise(() => simulator.scanQr(qr!, ownNumber))
  yield* until(device, ({ state }) => state === "connected")
  return body.id
})

const settledAs = (ask: Client.Ask, id: string, status: string) =>
  until(
    ask(({ messages }) => messages.get({ params: { id }, query: {} })),
    (message) => message.status === status,
    "2 seconds"
  )

const inTime = <A, E, R>(told: Effect.Effect<A, E, R>) =>
  Effect.timeoutOrElse(told, {
    duration: "30 seconds",
    orElse: () => Effect.fail(new DemoFailed({ message: "what was said did not come back as an event" }))
  })

const until = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  fits: (a: A) => boolean,
  patience: "2 seconds" | "30 seconds" = "30 seconds"
) =>
  look.pipe(
    Effect.repeat({ until: fits, schedule: Schedule.spaced("25 millis") }),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(new DemoFailed({ message: "it took too long" }))
    })
  )

const invitation = (
  { key, url }: Client.Address,
  device: string,
  simulator: Simulator,
  dashboard: string | undefined
): ReadonlyArray<string> => [
  `  ${strong("Now you")}  ${faint("any number is on this WhatsApp; Ctrl-C ends it")}`,
  "",
  ...(dashboard === undefined
    ? []
    : [
        `  ${strong("Dashboard")}  ${faint(`${url}/dashboard/; this logs in once, within ten minutes:`)}`,
        "",
        `  ${dashboard}`,
        ""
      ]),
  `  curl -s ${url}/v1/messages \\`,
  `    -H 'Authorization: Bearer ${key}' \\`,
  `    -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s)" \\`,
  `    -d '{"device":"${device}","to":"${friend}","content":{"type":"text","text":"Hello again"}}'`,
  "",
  `  ${faint("Follow what happens:")}  API_KEY=${key} npm run homing -- listen --url ${url}`,
  "",
  `  ${faint("URL       ")} ${url}   ${faint("(OpenAPI at /openapi.json)")}`,
  `  ${faint("key       ")} ${key}`,
  `  ${faint("device    ")} ${device}`,
  `  ${faint("simulator ")} ${simulator.controlUrl}`,
  ""
]

const indent = (lines: string) => lines.replace(/^/gm, "    ")
