import type { Config } from "../Config.ts"
import type { GatewayOptions } from "../layers/Gateway.ts"

/** What the gateway is told of the configuration: to each room what is its own. */
export const gatewayOptions = ({
  access,
  door,
  http,
  messages,
  process,
  provenance,
  rateLimits
}: Config): GatewayOptions => ({
  agent: process.agent,
  region: provenance.region,
  apiKey: access.apiKey,
  http: { ...door, ...http, rateLimits },
  queueLimits: messages,
  reconciler: { everyMillis: 30_000, patienceMillis: 60_000, graceMillis: 60_000 }
})
