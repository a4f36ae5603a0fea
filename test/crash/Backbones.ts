import type { Part } from "./Composition.ts"
import type { ServerName } from "./Servers.ts"

/** What the product stands on in a run, and the processes it is divided into. */
export interface Backbone {
  readonly servers: ReadonlyArray<ServerName>
  readonly processes: Readonly<Record<string, Part>>
}

export const backbones = {
  embedded: { servers: [], processes: { homing: "whole" } },
  eventstoredb: { servers: ["event-store"], processes: { homing: "whole" } },
  nats: { servers: ["nats-server"], processes: { gateway: "gateway", agent: "agent" } },
  all: {
    servers: ["event-store", "nats-server", "postgresql"],
    processes: { "gateway A": "gateway", "gateway B": "gateway", agent: "agent" }
  }
} as const satisfies Readonly<Record<string, Backbone>>
export type BackboneName = keyof typeof backbones

/** The same with one gateway alone: with another beside it, a mistake of one may be made good by the other. */
export const withOneGateway = ({ processes, servers }: Backbone): Backbone => {
  const second = Object.keys(processes).filter((name) => processes[name] === "gateway")[1]
  return { servers, processes: Object.fromEntries(Object.entries(processes).filter(([name]) => name !== second)) }
}
