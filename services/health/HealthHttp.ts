import { Clock, Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { toMillis } from "#domain/Instant.ts"
import { Trouble } from "../announcements/Trouble.ts"
import { Api } from "../api/Api.ts"
import { Devices } from "../devices/Devices.ts"
import { refuse } from "../http/Answer.ts"
import { AgentsHeard, type Heard, skewMillis } from "../transports/agent-link/AgentsHeard.ts"
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
    const deployment = yield* Deployment
    const devices = yield* Devices
    const heard = yield* AgentsHeard
    const standing = yield* Standing
    const trouble = yield* Trouble
    const views = yield* Views
    const { lag } = yield* Readiness
    const { hindrance, reachable } = yield* Usefulness
    return handlers
      .handle("detailed", () =>
        Effect.gen(function* () {
          const storeReachable = yield* reachable
          const position = yield* views.position
          const found = yield* hindrance
          const shortage = deployment.busShortage()
          const unpublished = trouble()
          const warnings = [
            ...devices.warnings(),
            ...(shortage === undefined ? [] : (["bus_storage"] as const)),
            ...(unpublished === undefined ? [] : (["bus_events"] as const)),
            ...standing.warnings()
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
            agents: agentCounts(yield* heard.all, yield* Clock.currentTimeMillis),
            devices: devices.count()
          } as const
        })
      )
      .handle("metrics", () => PrometheusMetrics.format())
  })
)

const silentMillis = 90_000

const agentCounts = (all: ReadonlyMap<string, Heard>, now: number) => {
  const heard = [...all.values()].filter(({ at }) => now - toMillis(at) < silentMillis)
  return {
    heard: heard.length,
    silent: all.size - heard.length,
    clockOff: heard.filter(({ offsetMillis = 0 }) => Math.abs(offsetMillis) > skewMillis).length
  }
}

export const layer = Layer.merge(probes, health).pipe(Layer.provideMerge(Usefulness.layer))
