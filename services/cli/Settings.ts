import type { Config } from "../Config.ts"
import { trustOf } from "../http/ClientAddress.ts"
import { originsOf } from "../http/Cors.ts"
import type { GatewayOptions } from "../layers/Gateway.ts"

/** What the gateway is told of the configuration. */
export const gatewayOptions = (config: Config): GatewayOptions => ({
  agent: config.agent,
  region: config.region,
  apiKey: config.apiKey,
  http: {
    host: config.host,
    port: config.port,
    phoneCountryCode: config.phoneCountryCode,
    connectionLimit: config.connectionLimit,
    drainTimeoutMs: config.drainTimeoutMs,
    corsOrigins: config.corsOrigins === undefined ? undefined : originsOf(config.corsOrigins),
    trustProxy: config.trustProxy === undefined ? undefined : trustOf(config.trustProxy),
    rateLimits: {
      messages: config.rateLimitMessages,
      devices: config.rateLimitDevices,
      device: config.rateLimitSendsPerDevice,
      address: config.rateLimitAddress,
      total: config.rateLimitTotal
    }
  },
  queueLimits: { perDevice: config.queueLimitPerDevice, total: config.queueLimitTotal, waits: config.waitLimit },
  reconciler: { everyMillis: 30_000, patienceMillis: 60_000, graceMillis: 60_000 }
})

/** What the adapter for WhatsApp is told of the configuration. */
export const whatsAppOptions = ({ whatsAppUrl: webSocketUrl, whatsAppVersion }: Config) => ({
  ...(webSocketUrl !== undefined && { webSocketUrl }),
  ...(whatsAppVersion !== undefined && { version: versionOf(whatsAppVersion) })
})

const versionOf = (text: string) => {
  const [primary = 0, secondary = 0, tertiary = 0] = text.split(".").map(Number)
  return [primary, secondary, tertiary] as const
}
