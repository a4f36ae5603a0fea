import { type Array, Effect } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import { type Order, type Route, type TransportName, Transports } from "../transports/Transport.ts"
import { Views } from "../views/Views.ts"

/** Where orders go. Of which nobody here knows the way is counted, and said once of a device: a newer release may know it. */
export const make = Effect.gen(function* () {
  const registry = yield* DeviceRegistry
  const transports = yield* Transports
  const views = yield* Views
  const unreached = new Set<DeviceId>()

  const routeTo = (transport: TransportName, device: DeviceId): Route | undefined =>
    transports.named(transport)?.routeTo(device)

  /** A device that the views do not show yet was created a moment ago. */
  const routeSoon = ({ device, position, transport }: Order) =>
    registry.has(device) ? Effect.undefined : Effect.map(views.reached(position), () => routeTo(transport, device))

  const remark = Effect.fnUntraced(function* ({ device, transport }: Order) {
    Metrics.orderStranded(transport)
    if (unreached.has(device)) return
    unreached.add(device)
    yield* Effect.logWarning("nobody here knows the way to a device; what is for it waits", { device, transport })
  })

  return {
    routeTo,

    /** The orders by where they go; `undefined`: nobody here knows. */
    routed: Effect.fnUntraced(function* (orders: ReadonlyArray<Order>) {
      const byRoute = new Map<Route | undefined, Array.NonEmptyArray<Order>>()
      for (const order of orders) {
        const route = routeTo(order.transport, order.device) ?? (yield* routeSoon(order))
        if (route === undefined) yield* remark(order)
        const same = byRoute.get(route)
        if (same === undefined) byRoute.set(route, [order])
        else same.push(order)
      }
      return byRoute
    })
  }
})
