import type { DeviceId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import type { Mark } from "../tables/Positions.ts"
import type { Order, Route, TransportName } from "../transports/Transport.ts"

/** How many orders wait in memory for a route that is not open; the others wait in the log. */
const mostWaiting = 256

/**
 * Orders that cannot leave. Some wait for their route to open, and once there are more of one route's, all further ones of
 * it are passed over, so that nobody waits behind them; so are at once those that no route is known for. They are read
 * again when there is a way.
 */
export const make = (routeTo: (transport: TransportName, device: DeviceId) => Route | undefined) => {
  const waiting = new Map<Route, number>()
  const closed = new Set<Route>()
  const unknown = new Map<DeviceId, TransportName>()
  /** The log up to the first of them, until the last of them is over. */
  let first: Mark | undefined
  let over = 0
  const passOver = (orders: ReadonlyArray<Order>, before: Mark) => {
    first ??= before
    over = Math.max(over, ...orders.map(({ expiresAt }) => toMillis(expiresAt)))
  }

  return {
    /** Whether these leave, if only when the route opens; `before` is where the log stood. */
    leaves: (route: Route, orders: ReadonlyArray<Order>, before: Mark): boolean => {
      if (!closed.has(route) && (route.isOpen() || (waiting.get(route) ?? 0) + orders.length <= mostWaiting)) {
        return true
      }
      closed.add(route)
      passOver(orders, before)
      return false
    },
    /** Nobody here knows the way for these. */
    strand: (orders: ReadonlyArray<Order>, before: Mark) => {
      for (const { device, transport } of orders) unknown.set(device, transport)
      passOver(orders, before)
    },
    change: (route: Route, by: number) => waiting.set(route, (waiting.get(route) ?? 0) + by),
    /** What a checkpoint may not pass. */
    before: (now: number): Mark | undefined => (now > over ? undefined : first),
    /** Whether some of them could leave now. */
    mayLeave: (): boolean =>
      closed.values().some((route) => route.isOpen()) ||
      unknown.entries().some(([device, transport]) => routeTo(transport, device) !== undefined)
  }
}
