import { Context, Effect, Layer } from "effect"
import * as Backlog from "./Backlog.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"

export type DeliveryWarning = "endpoint_failing" | "endpoint_disabled" | "target_failing"

/** How deliveries stand, as it was a moment ago. */
export class Standing extends Context.Service<
  Standing,
  {
    /** What somebody should look after, of any destination. */
    readonly warnings: () => ReadonlyArray<DeliveryWarning>
    /** Has them look after destinations of another sort as well. */
    readonly watch: (warnings: () => ReadonlyArray<DeliveryWarning>) => void
  }
>()("homing/services/webhooks/Standing") {}

export const layer = ({ lookMillis }: { readonly lookMillis?: number } = {}) =>
  Layer.effect(
    Standing,
    Effect.gen(function* () {
      const registry = yield* EndpointRegistry
      const all = () => [...registry.values()]
      const sort: Backlog.Sort<EndpointRecord> = {
        all,
        isEnabled: ({ disabled }) => disabled === null,
        gauges: {
          pending: ["homing_deliveries_pending", "Deliveries that wait, or are tried again."],
          suspended: ["homing_deliveries_suspended", "Deliveries that wait until their endpoint is enabled."],
          oldestSeconds: ["homing_delivery_oldest_seconds", "How long ago the oldest of what is pending was recorded."],
          failing: ["homing_endpoints_failing", "Endpoints at which nothing has arrived for five minutes."]
        }
      }
      const { isAnyFailing } = yield* Backlog.watch(sort, lookMillis)
      const others: Array<() => ReadonlyArray<DeliveryWarning>> = []

      return {
        watch: (warnings) => void others.push(warnings),
        warnings: () => {
          const found = others.flatMap((warnings) => warnings())
          if (isAnyFailing()) found.push("endpoint_failing")
          // by whom it was meant to be, nobody has to be told
          if (all().some(({ disabled }) => disabled !== null && disabled !== "operator"))
            found.push("endpoint_disabled")
          return found
        }
      }
    })
  )
