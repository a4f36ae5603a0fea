import { Clock, Context, Effect, Layer, Schedule } from "effect"
import type { EndpointId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { observe } from "../telemetry/Metrics.ts"
import { Deliveries } from "./Deliveries.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"

const failingMillis = 5 * 60_000

export type EndpointWarning = "endpoint_failing" | "endpoint_disabled"

/** How deliveries stand, as it was a moment ago. */
export class Standing extends Context.Service<
  Standing,
  {
    /** What somebody should look after, of any endpoint. */
    readonly warnings: () => ReadonlyArray<EndpointWarning>
  }
>()("homing/services/webhooks/Standing") {}

/** Looked up every `lookMillis`, and not while there are no endpoints. */
export const layer = ({ lookMillis = 10_000 }: { readonly lookMillis?: number } = {}) =>
  Layer.effect(
    Standing,
    Effect.gen(function* () {
      const { rows } = yield* Deliveries
      const registry = yield* EndpointRegistry
      let standing: Effect.Success<typeof rows.standing> = []
      let failing = new Map<EndpointId, number>()
      let now = 0

      const look = Effect.gen(function* () {
        if (registry.size === 0 && standing.length === 0 && failing.size === 0) return
        standing = yield* rows.standing
        failing = new Map((yield* rows.failing).map(({ endpoint, since }) => [endpoint, since]))
        now = yield* Clock.currentTimeMillis
      })
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced(lookMillis)))

      const isEnabled = (id: EndpointId) => registry.get(id)?.disabled === null
      const isFailing = ({ aimedAt, disabled, id }: EndpointRecord) =>
        disabled === null && now - Math.max(failing.get(id) ?? now, toMillis(aimedAt)) >= failingMillis
      const endpoints = () => [...registry.values()]
      const waiting = () => standing.filter(({ endpoint }) => isEnabled(endpoint))
      const sum = (some: typeof standing) => some.reduce((before, { pending }) => before + pending, 0)

      observe("homing_deliveries_pending", "Deliveries that wait, or are tried again.", () => sum(waiting()))
      observe("homing_deliveries_suspended", "Deliveries that wait until their endpoint is enabled.", () =>
        sum(standing.filter(({ endpoint }) => !isEnabled(endpoint)))
      )
      observe(
        "homing_delivery_oldest_seconds",
        "How long ago the oldest of what is pending was recorded.",
        () => waiting().reduce((longest, { oldest }) => Math.max(longest, now - oldest), 0) / 1_000
      )
      observe(
        "homing_endpoints_failing",
        "Endpoints at which nothing has arrived for five minutes.",
        () => endpoints().filter(isFailing).length
      )

      return {
        warnings: () => {
          const found: Array<EndpointWarning> = []
          if (endpoints().some(isFailing)) found.push("endpoint_failing")
          // by whom it was meant to be, nobody has to be told
          if (endpoints().some(({ disabled }) => disabled !== null && disabled !== "operator"))
            found.push("endpoint_disabled")
          return found
        }
      }
    })
  )
