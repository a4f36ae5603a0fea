import { Context, Effect, Layer } from "effect"
import { HttpServerRequest } from "effect/http"
import { Authenticator } from "../../access/Authenticator.ts"
import { may } from "../../access/Principal.ts"
import { Readiness } from "../../projections/Readiness.ts"
import {
  Authorization,
  CountsAs,
  CountsItself,
  CurrentPrincipal,
  RequiredScope,
  ShowsViews
} from "../api/Authorization.ts"
import { problem } from "../api/Problems.ts"
import { Admission, type Refused, starting } from "./Admission.ts"
import { respond } from "./Answer.ts"
import { respondTo } from "./IdempotencyKey.ts"
import { requestMillis, within } from "./Patience.ts"

const unauthorized = respond(problem("unauthorized"), { "www-authenticate": 'Bearer realm="homing"' })
/** What counts itself also says itself how long it takes. */
const inTime = within(requestMillis, Effect.succeed(respond(problem("store_unavailable"))))
const notYet = respond(starting.found, starting.headers)

export const layer = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const { authenticate } = yield* Authenticator
    const admission = yield* Admission
    const { caughtUp, written } = yield* Readiness

    return (answer, { endpoint }) => {
      const scopes = Context.get(endpoint.annotations, RequiredScope)
      const family = Context.get(endpoint.annotations, CountsAs)
      const shown = Context.get(endpoint.annotations, ShowsViews)
      const isThere = shown === "rows" ? written : shown === "memory" ? caughtUp : () => true
      const countsItself = Context.get(endpoint.annotations, CountsItself)
      const forbidden = respond(problem("forbidden", { detail: `The scope ${scopes.join(" or ")} is needed.` }))

      return Effect.withFiber((fiber) => {
        const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
        const principal = authenticate(credentialIn(request.headers))
        if (principal === undefined) return Effect.succeed(unauthorized)
        if (principal === "starting") return Effect.succeed(notYet)
        if (scopes.length > 0 && !scopes.some((scope) => may(principal, scope))) return Effect.succeed(forbidden)
        if (!isThere()) return Effect.succeed(notYet)
        const answered = Effect.provideService(answer, CurrentPrincipal, principal)
        const admitted = countsItself ? answered : inTime(answered)
        const unless = (refused: Refused | undefined) =>
          refused === undefined ? admitted : Effect.succeed(respondTo(request, refused.found, refused.headers))
        if (family === undefined) return admitted
        if (countsItself) return unless(admission.look(request, principal, family))
        return Effect.flatMapEager(admission.admit(request, principal, family), unless)
      })
    }
  })
)

/** The key as presented, either way; empty when there is none. */
const credentialIn = (headers: Readonly<Record<string, string | undefined>>): string => {
  const { authorization } = headers
  if (authorization === undefined) return headers["x-api-key"] ?? ""
  return /^bearer +(\S.*)$/i.exec(authorization)?.[1] ?? ""
}
