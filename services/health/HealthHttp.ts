import { Clock, Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { toMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Api } from "../api/Api.ts"
import { Devices } from "../devices/Devices.ts"
import { refuse } from "../http/Answer.ts"
import { Fitness } from "../runtime/Fitness.ts"
import { AgentsHeard, type Heard, skewMillis } from "../transports/agent-link/AgentsHeard.ts"
import { Readiness } from "../views/Readiness.ts"
import { Views } from "../views/Views.ts"
import { Deployment } from "./Deployment.ts"

/** Asked for by whoever comes along, so asked of the store at most once in this time. */
const freshness = "1 second"
const patience = "2 seconds"

const storeAnswers = Effect.gen(function* () {
  const store = yield* EventStore
  const views = yield* Views
  let isOlder = false
  const head = Effect.gen(function* () {
    const shown = yield* views.position // first: meanwhile the log only grows
    const head = yield* store.head
    const wasOlder = isOlder
    isOlder = shown !== undefined && (head === undefined || head < shown)
    if (isOlder && !wasOlder) yield* Effect.logError("the log is older than what was read from it: stop this gateway")
    return !isOlder
  })
  return yield* head.pipe(
    Effect.timeout(patience),
    Effect.match({ onSuccess: (answers) => answers, onFailure: () => false }),
    Effect.cachedWithTTL(freshness)
  )
})

const ok = { status: "ok" } as const

const probes = HttpApiBuilder.group(
  Api,
  "probes",
  Effect.fnUntraced(function* (handlers) {
    const { lag } = yield* Readiness
    const { obstacle } = yield* Fitness
    const reachable = yield* storeAnswers
    return handlers
      .handle("alive", () => Effect.succeed(ok))
      .handle("ready", () =>
        Effect.gen(function* () {
          if (!(yield* reachable)) return yield* refuse("store_unavailable")
          const found = obstacle()
          if (found !== undefined) return yield* refuse(found)
          const behind = lag()
          return behind === undefined ? ok : yield* refuse(behind)
        })
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
    const views = yield* Views
    const { lag } = yield* Readiness
    const { obstacle } = yield* Fitness
    const reachable = yield* storeAnswers
    return handlers
      .handle("detailed", () =>
        Effect.gen(function* () {
          const storeReachable = yield* reachable
          const position = yield* views.position
          const behind = lag()
          const found = obstacle() ?? (storeReachable ? behind : "store_unavailable")
          const { heapUsed, rss } = process.memoryUsage()
          return {
            status: found === undefined ? "ok" : found === "starting" ? "starting" : "degraded",
            reason: found ?? null,
            version: deployment.version,
            uptimeSeconds: Math.floor(process.uptime()),
            memory: { rssBytes: rss, heapUsedBytes: heapUsed },
            store: { reachable: storeReachable, promise: deployment.store },
            bus: { promise: deployment.bus() },
            views: { caughtUp: behind === undefined, position: position === undefined ? null : String(position) },
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

export const layer = Layer.merge(probes, health)
