import { flushCompileCache } from "node:module"
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import type { Step } from "#domain/ports/Steps.ts"
import { type Orders, start } from "./Composition.ts"

/**
 * A process of the product that can be told where to die. It loads everything first and begins when it gets its orders,
 * so that a restart costs a crash run little.
 */
export type Told = { readonly orders: Orders } | { readonly death: Death | undefined }

/** It dies by SIGKILL, as this step is passed for the `passing`th time from now on. */
export interface Death {
  readonly step: Step
  readonly passing: number
}

let death: Death | undefined
let passings = 0
const pass = (step: Step) => {
  if (step !== death?.step || ++passings < death.passing) return
  process.kill(process.pid, "SIGKILL")
}

<<<<<<< HEAD
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
=======
const begin = (orders: Orders) =>
>>>>>>> a9d5557 (test(crash): gateway and agent apart, two gateways, real servers: all are killed)
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* start(orders, pass)
      process.send?.({ url })
      yield* Effect.never
    })
  ).pipe(NodeRuntime.runMain())

flushCompileCache() // a process that is killed would leave none to the next
process.on("disconnect", () => process.exit())
process.on("message", (told: Told) => {
  if ("orders" in told) return begin(told.orders)
  passings = 0
  death = told.death
})
