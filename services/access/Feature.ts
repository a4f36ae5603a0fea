import { Effect, Layer, type Redacted } from "effect"
import type { Trust } from "../http/ClientAddress.ts"
import { Registrations } from "../views/Registrations.ts"
import * as AccessLog from "./AccessLog.ts"
import * as AccessLogHttp from "./AccessLogHttp.ts"
import * as AccessLogRows from "./AccessLogRows.ts"
import * as Authenticator from "./Authenticator.ts"
import * as AuthorizationHttp from "./AuthorizationHttp.ts"
import * as Clients from "./Clients.ts"
import * as ClientsHttp from "./ClientsHttp.ts"
import { KeyUses } from "./KeyUses.ts"
import * as Logins from "./Logins.ts"
import * as LoginUses from "./LoginUses.ts"
import { OpenLogins } from "./OpenLogins.ts"
import { Roster } from "./Roster.ts"
import * as SessionsHttp from "./SessionsHttp.ts"

/** What registers itself, to be written as rows and known in memory. */
export const projections = Layer.mergeAll(
  Roster.layer,
  OpenLogins.layer,
  Layer.effectDiscard(Effect.map(Registrations, ({ register }) => register({ rows: AccessLogRows.view })))
)

export interface Options {
  readonly sessions: Logins.Options
  readonly log: AccessLog.Options
  readonly trustProxy: Trust | undefined
}

const defaults: Options = {
  sessions: { hours: 12, idleMinutes: 60, perClient: 20 },
  log: { reads: true },
  trustProxy: undefined
}

/** `apiKey` is the configured one. */
export const layer = (apiKey: Redacted.Redacted | undefined, options: Partial<Options> = {}) => {
  const { log, sessions, trustProxy } = { ...defaults, ...options }
  return Layer.mergeAll(ClientsHttp.layer, SessionsHttp.layer(trustProxy), AccessLogHttp.layer).pipe(
    Layer.provideMerge(AuthorizationHttp.layer(trustProxy)),
    Layer.provideMerge([Logins.layer(sessions), AccessLog.layer(log)]),
    Layer.provideMerge([Clients.layer(apiKey !== undefined), Authenticator.layer(apiKey)]),
    Layer.provide([KeyUses.layer, LoginUses.layer(sessions)])
  )
}
