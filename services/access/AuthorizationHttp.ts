import { Context, Effect, Layer, Option } from "effect"
import { HttpServerRequest, type HttpServerResponse } from "effect/http"
import * as AtOnce from "#domain/AtOnce.ts"
import {
  type Access,
  Authorization,
  CountsAs,
  CountsItself,
  CurrentPrincipal,
  RequiredScope,
  ShowsViews,
  ToldAnyway,
  WrittenDown
} from "../api/Authorization.ts"
import { may, type Principal } from "../api/Principal.ts"
import { problem } from "../api/Problems.ts"
import { Admission, type RateLimited } from "../http/Admission.ts"
import { respond } from "../http/Answer.ts"
import type { Trust } from "../http/ClientAddress.ts"
import { orProblem, problemFor, tellUnavailable } from "../http/Foreseen.ts"
import { ownPages } from "../http/OwnPage.ts"
import { requestMillis, within } from "../http/Patience.ts"
import { knownQuery } from "../http/Query.ts"
import { Fitness } from "../runtime/Fitness.ts"
import { type Lag, Readiness } from "../views/Readiness.ts"
import { AccessLog } from "./AccessLog.ts"
import { Authenticator } from "./Authenticator.ts"
import { cookieIn } from "./LoginCookie.ts"
import { Logins } from "./Logins.ts"

const unauthorized = respond(problem("unauthorized"), { "www-authenticate": 'Bearer realm="homing"' })
/** What counts itself also says itself how long it takes. */
const inTime = within(requestMillis, Effect.succeed(respond(problem("store_unavailable"))))
const contradictory = respond(
  problem("bad_request", { detail: "Authorization and X-API-Key present different keys: one of them is enough." })
)
const notYet = {
  starting: respond(problem("starting"), { "retry-after": "1" }),
  out_of_date: respond(problem("out_of_date"), { "retry-after": "1" })
}
const foreign = respond(problem("csrf_refused"))
const elsewhere = respond(problem("clock_off"), { "retry-after": "5" })

export const layer = (trustProxy: Trust | undefined) =>
  Layer.effect(
    Authorization,
    Effect.gen(function* () {
      const { authenticate, authenticateLogin } = yield* Authenticator
      const { hear } = yield* Logins
      const { mayAsk } = ownPages(trustProxy)
      const accessLog = yield* AccessLog
      const admission = yield* Admission
      const { lag, written } = yield* Readiness
      const { obstacle } = yield* Fitness

      type Response = HttpServerResponse.HttpServerResponse
      /** What was answered, once it is written down who was. */
      const writtenDown =
        (access: Access, principal: Principal) =>
        (answered: Response): Effect.Effect<Response> => {
          if (answered.status >= 300 || (access.shownTo !== undefined && !may(principal, access.shownTo))) {
            return Effect.succeed(answered)
          }
          const deed = access.deed === "read" && isTable(answered) ? "exported" : access.deed
          if (deed !== "read")
            return Effect.matchEffect(accessLog.record(principal, deed, access.of), {
              onFailure: (error) => Effect.map(tellUnavailable(error), (found) => respond(found)),
              onSuccess: () => Effect.succeed(answered)
            })
          accessLog.noteRead(principal, access.of)
          return Effect.succeed(answered)
        }

      return (answer, { endpoint }) => {
        const access = Context.get(endpoint.annotations, WrittenDown)
        const scopes = Context.get(endpoint.annotations, RequiredScope)
        const family = Context.get(endpoint.annotations, CountsAs)
        const shown = Context.get(endpoint.annotations, ShowsViews)
        const missing = (): Lag | undefined => {
          if (shown === undefined) return undefined
          const found = lag()
          if (shown === "trust") return found === "out_of_date" ? found : undefined
          return found ?? (shown === "rows" && !written() ? "starting" : undefined)
        }
        const toldAnyway = Context.get(endpoint.annotations, ToldAnyway)
        const countsItself = Context.get(endpoint.annotations, CountsItself)
        const misspelt = knownQuery(endpoint.query)
        const forbidden = respond(problem("forbidden", { detail: `The scope ${scopes.join(" or ")} is needed.` }))

        type Request = HttpServerRequest.HttpServerRequest
        const told: <E, R>(
          answered: Effect.Effect<Response, E, R>,
          principal: Principal
        ) => Effect.Effect<Response, E, R> =
          access === undefined
            ? (answered) => answered
            : (answered, principal) => AtOnce.flatMap(answered, writtenDown(access, principal))
        const answerTo = (request: Request, principal: Principal | Lag | undefined) => {
          if (principal === undefined) return Effect.succeed(unauthorized)
          if (typeof principal === "string") return Effect.succeed(notYet[principal])
          if (!scopes.some((scope) => may(principal, scope))) return Effect.succeed(forbidden)
          const found = missing()
          if (found !== undefined) return Effect.succeed(notYet[found])
          const flawed = misspelt(request.url)
          const answered =
            flawed === undefined
              ? told(Effect.provideService(answer, CurrentPrincipal, principal), principal)
              : Effect.succeed(respond(flawed))
          const admitted = countsItself ? answered : inTime(answered)
          const unless = (refused: RateLimited | undefined) =>
            refused === undefined ? admitted : Effect.succeed(respond(problemFor(refused, request)))
          if (family === undefined) return admitted
          if (countsItself) return unless(admission.look(request, principal, family))
          return AtOnce.flatMap(admission.admit(request, principal, family), unless)
        }
        /** Of a login that began elsewhere a moment ago this process may not have heard yet. */
        const answerLogin = (request: Request, cookie: string) => {
          const found = authenticateLogin(cookie)
          if (found !== "unheard") return answerTo(request, found)
          return Effect.matchEffect(orProblem(inTime(hear)), {
            onFailure: (unavailable) => Effect.succeed(respond(unavailable)),
            onSuccess: () => {
              const later = authenticateLogin(cookie)
              return later === "unheard" ? Effect.succeed(unauthorized) : answerTo(request, later)
            }
          })
        }

        return Effect.withFiber((fiber) => {
          const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
          if (!toldAnyway && obstacle() === "clock_off") return Effect.succeed(elsewhere)
          const credential = credentialIn(request.headers)
          if (credential === undefined) return Effect.succeed(contradictory)
          const cookie = credential === "" ? cookieIn(request.headers.cookie) : undefined
          if (cookie === undefined) return answerTo(request, authenticate(credential))
          const from = Option.getOrUndefined(request.remoteAddress)
          return mayAsk(request.method, request, from) ? answerLogin(request, cookie) : Effect.succeed(foreign)
        })
      }
    })
  )

/** All there is, and no page of it. */
const isTable = ({ body, headers }: HttpServerResponse.HttpServerResponse): boolean =>
  (headers["content-type"] ?? ("contentType" in body ? body.contentType : ""))?.startsWith("text/csv") ?? false

/** The key as presented, either way; empty when there is none, `undefined` when there are two. */
export const credentialIn = (headers: Readonly<Record<string, string | undefined>>): string | undefined => {
  const { authorization, "x-api-key": apiKey } = headers
  if (authorization === undefined) return apiKey ?? ""
  const token = /^bearer +(\S.*)$/i.exec(authorization)?.[1] ?? ""
  return apiKey === undefined || apiKey === token ? token : undefined
}
