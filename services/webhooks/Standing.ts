import { Clock, Context, Effect, Layer, Schedule } from "effect"
import type { EndpointId } from "#domain/Ids.ts"
import { observe } from "../telemetry/Metrics.ts"
import { Deliveries } from "./Deliveries.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"

const failingMillis = 5 * 60_000

export type EndpointWarning = "endpoint_failing" | "endpoint_disabled"

/** How deliveries stand, as it was a moment ago. */
export class Standing extends Context.Service<
  Standing,
  {
    /** How many are pending at an endpoint; `undefined` before anybody looked. */
    readonly pending: (endpoint: EndpointId) => number | undefined
    /** What somebody should look after, of any endpoint. */
    readonly warnings: () => ReadonlyArray<EndpointWarning>
  }
>()("homing/services/webhooks/Standing") {}

/** Rows are counted every `lookMillis`, and not while there are no endpoints. */
export const layer = ({ lookMillis = 10_000 }: { readonly lookMillis?: number } = {}) =>
  Layer.effect(
    Standing,
    Effect.gen(function* () {
      const { rows } = yield* Deliveries
      const registry = yield* EndpointRegistry
      let pending = new Map<EndpointId, number>()
      let failing = new Map<EndpointId, number>()
      let oldest: number | undefined
      let now = 0

      const look = Effect.gen(function* () {
        if (registry.size === 0 && pending.size === 0 && failing.size === 0) return
        const standing = yield* rows.standing
        failing = new Map((yield* rows.failing).map(({ endpoint, since }) => [endpoint, since]))
        pending = new Map(standing.map(({ endpoint, pending }) => [endpoint, pending]))
        oldest = standing.length === 0 ? undefined : Math.min(...standing.map(({ oldest }) => oldest))
        now = yield* Clock.currentTimeMillis
      })
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced(lookMillis)))

      const isFailing = ({ id }: { readonly id: EndpointId }) => now - (failing.get(id) ?? now) >= failingMillis
      const endpoints = () => [...registry.values()]
      observe("homing_deliveries_pending", "Deliveries that wait, or are tried again.", () =>
        pending.values().reduce((sum, one) => sum + one, 0)
      )
      observe("homing_delivery_oldest_seconds", "How long ago the oldest of what is pending was recorded.", () =>
        oldest === undefined ? 0 : Math.max(0, now - oldest) / 1_000
      )
      observe(
        "homing_endpoints_failing",
        "Endpoints at which nothing has arrived for five minutes.",
        () => endpoints().filter((one) => one.disabled === null && isFailing(one)).length
      )

      return {
        pending: (endpoint) => (now === 0 ? undefined : (pending.get(endpoint) ?? 0)),
        warnings: () => {
          const found: Array<EndpointWarning> = []
          if (endpoints().some((one) => one.disabled === null && isFailing(one))) found.push("endpoint_failing")
          // by whom it was meant to be, nobody has to be told
          if (endpoints().some(({ disabled }) => disabled !== null && disabled !== "operator"))
            found.push("endpoint_disabled")
          return found
        }
      }
    })
  )
