import { Effect } from "effect"
import { type Config, type Loaded, load } from "../Config.ts"
import type { GatewayOptions } from "../layers/Gateway.ts"
import * as Log from "../telemetry/Log.ts"

/** Says in the log what was set in vain. It is not refused: others may read a variable of that name. */
export const tellMisspelt = ({ config, misspelt, twice }: Loaded) =>
  Effect.gen(function* () {
    for (const found of misspelt) yield* Effect.logWarning("a variable is no setting, and nearly one", { ...found })
    for (const variable of twice)
      yield* Effect.logWarning("a variable stands twice in .env: its last line counts", { variable })
  }).pipe(Effect.provide(Log.layer(config.log)))

/** The configuration of this process. */
export const configured = Effect.map(Effect.tap(load, tellMisspelt), ({ config }) => config)

/** What the gateway is told of the configuration: to each room what is its own. */
export const gatewayOptions = ({
  access,
  announcements,
  archive,
  dashboard,
  door,
  http,
  inbound,
  live,
  messages,
  meta,
  process,
  provenance,
  rateLimits,
  regions,
  webhooks
}: Config): GatewayOptions => ({
  agent: process.agent,
  region: provenance.region,
  apiKey: access.apiKey,
  access: {
    log: { reads: access.logsReads },
    sessions: {
      hours: access.sessionHours,
      idleMinutes: access.sessionIdleMinutes,
      perClient: access.sessionsPerClient
    }
  },
  http: { ...door, ...http, rateLimits },
  queueLimits: messages,
  announcements,
  archive,
  dashboard,
  inbound,
  live,
  meta,
  reconciler: { everyMillis: 30_000, patienceMillis: 60_000, graceMillis: 60_000 },
  regions,
  webhooks: { environment: webhooks }
})
