import type { Backbone } from "../crash/Backbones.ts"

/** What the product stands on in a run: what Meta tells needs no agent. */
export const backbones = {
  embedded: { servers: [], processes: { homing: "whole" } },
  all: {
    servers: ["event-store", "nats-server", "postgresql"],
    processes: { "gateway A": "gateway", "gateway B": "gateway" }
  }
} as const satisfies Readonly<Record<string, Backbone>>
export type BackboneName = keyof typeof backbones
