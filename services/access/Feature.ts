import { Layer, type Redacted } from "effect"
import type { Trust } from "../http/ClientAddress.ts"
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
export const projections = Layer.merge(Roster.layer, OpenLogins.layer)

export interface Options {
  readonly sessions: Logins.Options
  readonly trustProxy: Trust | undefined
}

const defaults: Options = { sessions: { hours: 12, idleMinutes: 60, perClient: 20 }, trustProxy: undefined }

/** `apiKey` is the configured one. */
export const layer = (apiKey: Redacted.Redacted | undefined, options: Partial<Options> = {}) => {
  const { sessions, trustProxy } = { ...defaults, ...options }
  return Layer.merge(ClientsHttp.layer, SessionsHttp.layer(trustProxy)).pipe(
    Layer.provideMerge(AuthorizationHttp.layer(trustProxy)),
    Layer.provideMerge(Logins.layer(sessions)),
    Layer.provideMerge([Clients.layer(apiKey !== undefined), Authenticator.layer(apiKey)]),
    Layer.provide([KeyUses.layer, LoginUses.layer(sessions)])
  )
}
