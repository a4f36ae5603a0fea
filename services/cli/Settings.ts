import type { Config } from "../Config.ts"
import type { GatewayOptions } from "../layers.ts"

/** What the gateway is told of the configuration. */
export const gatewayOptions = (config: Config): GatewayOptions => ({
  agent: config.agent,
  region: config.region,
  apiKey: config.apiKey,
  http: config,
  queueLimits: { perDevice: config.queueLimitPerDevice, total: config.queueLimitTotal },
  reconciler: { everyMillis: 30_000, patienceMillis: 60_000, graceMillis: 60_000 }
})
