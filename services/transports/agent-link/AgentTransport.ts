import { Array, Effect } from "effect"
import type { AgentId, DeviceId } from "#domain/Ids.ts"
import { DeviceRegistry } from "../../devices/DeviceRegistry.ts"
import { Identity } from "../../identity/Identity.ts"
import { type Route, registered, type Transport, TransportUnavailable } from "../Transport.ts"
import { AgentCommands } from "./Commands.ts"
import { agentOrder } from "./Orders.ts"

/** WhatsApp Web, by way of agents: a device's session is with one of them, which has one route for all of its devices. */
export const layer = registered(
  Effect.gen(function* () {
    const commands = yield* AgentCommands
    const identity = yield* Identity
    const registry = yield* DeviceRegistry
    const routes = new Map<AgentId, Route<"whatsapp-web">>()

    const routeOf = (agent: AgentId): Route<"whatsapp-web"> => ({
      isOpen: () => identity.agent(agent) !== undefined,
      issue: (orders) =>
        Effect.catchTag(
          commands.issue(agent, Array.map(orders, agentOrder)),
          "BusUnavailable",
          (cause) => new TransportUnavailable({ what: "the bus", cause })
        )
    })
    const routeTo = (device: DeviceId) => {
      const agent = registry.get(device)?.agent
      if (agent === undefined) return undefined
      const known = routes.get(agent)
      if (known !== undefined) return known
      const route = routeOf(agent)
      routes.set(agent, route)
      return route
    }
    const transport: Transport<"whatsapp-web"> = {
      name: "whatsapp-web",
      routeTo,
      mayReissue: (device) => routeTo(device)?.isOpen() === true // else it would wait for a key to encrypt to
    }
    return transport
  })
)
