import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity, OpenApi } from "effect/http-api"
import type { Scope } from "#domain/access/Client.ts"
import type { Principal } from "../../access/Principal.ts"
import { Problem } from "./Problems.ts"

/** The key the request came with, already found good. */
export class CurrentPrincipal extends Context.Service<CurrentPrincipal, Principal>()(
  "homing/services/gateway/api/CurrentPrincipal"
) {}

/** What an endpoint asks of the key; `undefined`: any key will do. */
export const RequiredScope = Context.Reference<Scope | undefined>("homing/services/gateway/api/RequiredScope", {
  defaultValue: () => undefined
})

const described = (scheme: string) => OpenApi.annotations({ description: scheme })

export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: CurrentPrincipal }>()(
  "homing/services/gateway/api/Authorization",
  {
    error: [Problem("unauthorized"), Problem("forbidden"), Problem("starting")],
    security: {
      bearer: HttpApiSecurity.bearer.pipe(
        HttpApiSecurity.annotateMerge(described("The API key, as `Authorization: Bearer <key>`."))
      ),
      apiKey: HttpApiSecurity.apiKey({ key: "X-API-Key" }).pipe(
        HttpApiSecurity.annotateMerge(described("The API key in a header of its own."))
      )
    }
  }
) {}
