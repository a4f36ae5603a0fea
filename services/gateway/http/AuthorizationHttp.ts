import { Context, Effect, Layer, Redacted } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { HttpApiEndpoint } from "effect/http-api"
import { Authenticator } from "../../access/Authenticator.ts"
import { may } from "../../access/Principal.ts"
import { Authorization, CurrentPrincipal, RequiredScope } from "../api/Authorization.ts"
import { problem } from "../api/Problems.ts"
import { respond } from "./Answer.ts"

export const layer = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const { authenticate } = yield* Authenticator

    const admit = <E>(
      answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, CurrentPrincipal>,
      { credential, endpoint }: { readonly credential: Redacted.Redacted; readonly endpoint: HttpApiEndpoint.Top }
    ) => {
      const principal = authenticate(Redacted.value(credential))
      if (principal === undefined) return Effect.fail(problem("unauthorized"))
      if (principal === "starting") return Effect.succeed(respond(problem("starting"), { "retry-after": "1" }))
      const scope = Context.get(endpoint.annotations, RequiredScope)
      if (scope !== undefined && !may(principal, scope)) {
        return Effect.succeed(respond(problem("forbidden", { detail: `The scope ${scope} is needed.` })))
      }
      return Effect.provideService(answer, CurrentPrincipal, principal)
    }

    return { bearer: admit, apiKey: admit }
  })
)
