import { Layer, type Redacted } from "effect"
import * as Authenticator from "./Authenticator.ts"
import * as AuthorizationHttp from "./AuthorizationHttp.ts"
import * as Clients from "./Clients.ts"
import * as ClientsHttp from "./ClientsHttp.ts"
import { KeyUses } from "./KeyUses.ts"
import { Roster } from "./Roster.ts"

/** What registers itself, to be written as rows and known in memory. */
export const projections = Roster.layer

/** `apiKey` is the configured one. */
export const layer = (apiKey: Redacted.Redacted | undefined) =>
  ClientsHttp.layer.pipe(
    Layer.provideMerge(AuthorizationHttp.layer),
    Layer.provideMerge([Clients.layer(apiKey !== undefined), Authenticator.layer(apiKey)]),
    Layer.provide(KeyUses.layer)
  )
