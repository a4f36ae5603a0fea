import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { Trouble } from "../announcements/Trouble.ts"
import { Api } from "../api/Api.ts"
import { ArchiveWarnings } from "../archive/Standing.ts"
import { AuditWarnings } from "../audit/Heads.ts"
import { Witnesses } from "../audit/Witnesses.ts"
import { Devices } from "../devices/Devices.ts"
import { refuse } from "../http/Answer.ts"
import { observe } from "../telemetry/Metrics.ts"
import { AgentsStanding } from "../transports/agent-link/AgentsStanding.ts"
import { Readiness } from "../views/Readiness.ts"
import { Views } from "../views/Views.ts"
import { Standing } from "../webhooks/Standing.ts"
import { Deployment } from "./Deployment.ts"
import { Usefulness } from "./Usefulness.ts"

const ok = { status: "ok" } as const

const probes = HttpApiBuilder.group(
  Api,
  "probes",
  Effect.fnUntraced(function* (handlers) {
    const { hindrance } = yield* Usefulness
    return handlers
      .handle("alive", () => Effect.succeed(ok))
      .handle("ready", () =>
        Effect.flatMap(hindrance, (found) => (found === undefined ? Effect.succeed(ok) : refuse(found)))
      )
  })
)

const health = HttpApiBuilder.group(
  Api,
  "health",
  Effect.fnUntraced(function* (handlers) {
    const agents = yield* AgentsStanding
    const archive = yield* ArchiveWarnings
    const audit = yield* AuditWarnings
    const deployment = yield* Deployment
    observe("homing_bus_shortage", "1 while the bus has no room for the streams of an agent.", () =>
      Number(deployment.busShortage() !== undefined)
    )
    observe("homing_bus_fullness", "How full the fullest stream of an agent is.", deployment.busFullness)
    const devices = yield* Devices
    const deliveries = yield* Standing
    const trouble = yield* Trouble
    const views = yield* Views
    const witnesses = yield* Witnesses
    const { lag } = yield* Readiness
    const { hindrance, reachable, warnings: unmet } = yield* Usefulness
    return handlers
      .handle("detailed", () =>
        Effect.gen(function* () {
          const storeReachable = yield* reachable
          const position = yield* views.position
          const found = yield* hindrance
          const standing = yield* agents.now
          const shortage = deployment.busShortage()
          const unpublished = trouble()
          const warnings = [
            ...devices.warnings(),
            ...agents.warnings(standing),
            ...(shortage === undefined ? [] : (["bus_storage"] as const)),
            ...(unpublished === undefined ? [] : (["bus_events"] as const)),
            ...deliveries.warnings(),
            ...archive(),
            ...audit(),
            ...witnesses.warnings(),
            ...(yield* unmet)
          ]
          const { heapUsed, rss } = process.memoryUsage()
          return {
            status: found === "starting" ? found : found === undefined && warnings.length === 0 ? "ok" : "degraded",
            reason: found ?? null,
            warnings,
            version: deployment.version,
            uptimeSeconds: Math.floor(process.uptime()),
            memory: { rssBytes: rss, heapUsedBytes: heapUsed },
            store: { reachable: storeReachable, promise: deployment.store },
            bus: { promise: deployment.bus(), shortage: shortage ?? null, events: unpublished ?? null },
            views: { caughtUp: lag() === undefined, position: position === undefined ? null : String(position) },
            agents: {
              heard: standing.heard.length,
              silent: standing.silent.length,
              clockOff: standing.clockOff.length
            },
            devices: devices.count()
          } as const
        })
      )
      .handle("metrics", () => PrometheusMetrics.format())
  })
)

export const layer = Layer.merge(probes, health).pipe(Layer.provideMerge(Usefulness.layer))
