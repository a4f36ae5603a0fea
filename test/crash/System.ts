import { flushCompileCache } from "node:module"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { AgentId } from "#domain/Ids.ts"
import { type Step, Steps } from "#domain/ports/Steps.ts"
import { whatsapp } from "#mac-agent/main.ts"
import { agent, embedded, type GatewayOptions, gateway } from "#services/layers.ts"
import * as Log from "#services/telemetry/Log.ts"
import "#infra/whatsapp/BaileysContent.ts"
import "#infra/whatsapp/BaileysSession.ts"
import * as Sabotage from "./Sabotage.ts"

/**
 * Gateway and agent on one folder, as a process that can be told where to die. It loads everything first and begins
 * when it gets its orders, so that a restart costs a crash run little.
 */
export interface Orders {
  readonly folder: string
  readonly apiKey: string
  readonly webSocketUrl: string
  /** Dies by SIGKILL, as this step is passed for the `passing`th time. */
  readonly death: { readonly step: Step; readonly passing: number } | undefined
  readonly sabotage: Sabotage.Sabotage | undefined
  readonly reconciled: boolean
  readonly busMillis: number
}

const dieAt = (death: Orders["death"]) => {
  let passings = 0
  return (step: Step) => {
    if (step !== death?.step || ++passings < death.passing) return
    process.kill(process.pid, "SIGKILL")
  }
}

const optionsOf = ({ apiKey }: Orders): GatewayOptions => ({
  agent: AgentId.make("home"),
  region: "crash",
  apiKey: Redacted.make(apiKey),
  http: { host: "127.0.0.1", port: 0, phoneCountryCode: undefined, drainTimeoutMs: 500 },
  queueLimits: { perDevice: 10_000, total: 10_000, waits: 10_000 },
  reconciler: { everyMillis: 500, patienceMillis: 2_000, graceMillis: 5_000 }
})

const system = (orders: Orders) => {
  const { busMillis: slowMillis, death, folder, reconciled, sabotage, webSocketUrl } = orders
  const options = optionsOf(orders)
  const session = whatsapp(folder, { webSocketUrl, backoff: { firstMs: 100, mostMs: 1_000 } })
  const ports = Layer.mergeAll(Sabotage.ledger(sabotage), Sabotage.bus({ sabotage, slowMillis, reconciled }))
  return agent(options.agent, { offlineReceiptsMillis: 300 }).pipe(
    Layer.provide(Sabotage.whatsapp(sabotage).pipe(Layer.provide(session))),
    Layer.provideMerge(gateway(options)),
    Layer.provideMerge(ports.pipe(Layer.provideMerge(embedded(folder)))),
    Layer.provide(Layer.succeed(Steps, dieAt(death))),
    Layer.provideMerge(Log.layer({ level: "warn" }))
  )
}

flushCompileCache() // a process that is killed would leave none to the next
process.on("disconnect", () => process.exit())
process.once("message", (orders: Orders) =>
  Effect.scoped(
    Effect.gen(function* () {
      const services = yield* Layer.build(system(orders))
      const { address } = yield* Effect.provideContext(HttpServer.HttpServer, services)
      process.send?.({ url: HttpServer.formatAddress(address).replace(/\/$/, "") })
      yield* Effect.never
    })
  ).pipe(NodeRuntime.runMain())
)
