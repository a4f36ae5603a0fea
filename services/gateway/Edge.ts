import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import { Cause, Context, Effect, type Fiber, LogLevel, References, type Types } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Traces } from "#domain/ports/Tracing.ts"
import { problem } from "../api/Problems.ts"
import { Admission } from "../http/Admission.ts"
import { respond } from "../http/Answer.ts"
import { closeUnlessComplete } from "../http/Connections.ts"
import { cors, type Origins } from "../http/Cors.ts"
import { problemOf } from "../http/Failures.ts"
import { problemFor } from "../http/Foreseen.ts"
import { keyHeadersOf, withKey } from "../http/IdempotencyKey.ts"
import { isExact, pathOf } from "../http/Paths.ts"
import { knownQuery } from "../http/Query.ts"
import { rateHeadersOf } from "../http/RateHeaders.ts"
import { contextOf, requestIdHeader, requestIdOf } from "../http/RequestContext.ts"
import { Stop } from "../runtime/Stop.ts"
import { requestAnswered } from "../telemetry/Metrics.ts"
import { allowedMethods } from "./Allowed.ts"
import * as DocsHttp from "./DocsHttp.ts"

export interface Options {
  /** Without: pages of other origins cannot read what is answered. */
  readonly corsOrigins?: Origins | undefined
  /** Paths that are read without a key, beside those of the API and its own page. */
  readonly pages?: ReadonlyArray<`/${string}`> | undefined
}

type Response = HttpServerResponse.HttpServerResponse

/**
 * What every request passes: whatever happened inside becomes an answer, and is counted and timed once. Nothing of the
 * path is told but the route's template: a path the API does not know may contain anything, a phone number too.
 */
export const layer = ({ corsOrigins, pages: others = [] }: Options) =>
  HttpRouter.middleware(
    Effect.gen(function* () {
      const logs = LogLevel.isLessThanOrEqualTo(yield* References.MinimumLogLevel, "Debug")
      const pages: ReadonlyArray<`/${string}`> = ["/openapi.json", DocsHttp.path, ...others]
      const allowed = allowedMethods(pages)
      const misspelt = knownQuery(undefined)
      const admission = yield* Admission
      const stop = yield* Stop
      const traces = yield* Traces
      const { headersOf, preflightHeadersOf } = cors(corsOrigins)

      const recover = (cause: Cause.Cause<unknown>, request: HttpServerRequest.HttpServerRequest) => {
        if (isAbandoned(cause)) return Effect.succeed(HttpServerResponse.empty({ status: clientClosedRequest }))
        if (!isUnknownRoute(cause))
          return Effect.map(problemOf(cause, request), (found) => respond(withKey(request, found)))
        const allow = allowed(request.url)
        if (allow === undefined) return Effect.succeed(respond(problem("not_found")))
        if (request.method === "OPTIONS") {
          return Effect.succeed(HttpServerResponse.empty({ headers: { allow, ...preflightHeadersOf(request, allow) } }))
        }
        return Effect.succeed(respond(problem("method_not_allowed"), { allow }))
      }

      return (answer: Effect.Effect<Response, Types.unhandled>): Effect.Effect<Response, Types.unhandled> =>
        Effect.withFiber<Response>((fiber) => {
          const begun = performance.now()
          const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
          // who only looks begins no trace
          const span = request.method === "POST" ? traces?.enter("request", request.headers.traceparent) : undefined
          if (span !== undefined) contextOf(request).trace = span.traceparent
          const told = (answered: Response) => {
            const headers = {
              ...unkept(answered),
              ...again(answered),
              [requestIdHeader]: requestIdOf(request),
              ...headersOf(request, answered),
              ...keyHeadersOf(request),
              ...rateHeadersOf(request)
            }
            const response = HttpServerResponse.setHeaders(answered, headers)
            closeUnlessComplete(toIncomingMessage(request) as IncomingMessage)
            const route = routeOf(fiber)
            const millis = Math.round((performance.now() - begun) * 100) / 100
            requestAnswered(request.method, route, response.status, millis)
            span?.end(
              { "http.request.method": "POST", "http.route": route, "http.response.status_code": response.status },
              response.status >= 500
            )
            if (!logs) return Effect.succeed(response)
            const { method } = request
            const line = { request: requestIdOf(request), method, route, status: response.status, millis }
            return Effect.as(Effect.logDebug("request", line), response)
          }
          const path = pathOf(request.url)
          if (stop.begun() && path !== "/health") return told(stopping)
          const refused = isProbe(path) ? undefined : admission.enter(request)
          if (refused !== undefined) return told(respond(problemFor(refused, request)))
          if (!isExact(request.url)) return told(respond(problem("not_found")))
          const flawed = pages.some((page) => page === path) && isRead(request) ? misspelt(request.url) : undefined
          if (flawed !== undefined) return told(respond(flawed))
          const answered = Effect.matchCauseEffect(answer, {
            onSuccess: told,
            onFailure: (cause) => Effect.flatMap(recover(cause, request), told)
          })
          return Effect.annotateLogs(answered, "request", requestIdOf(request)) // whoever says something on its way
        })
    }),
    { global: true }
  )

/** Also to what comes on a connection that is still open: nobody would try what is accepted now. */
const stopping = respond(problem("shutting_down"), { connection: "close" })

/** There is somebody's data in nearly every answer, or a secret: no cache may keep what does not say that it may. */
const unkept = ({ headers }: Response): Record<string, string> =>
  headers["cache-control"] === undefined ? { "cache-control": "no-store" } : {}

/** When what cannot be done now is worth another try, where nobody knows better. */
const again = ({ headers, status }: Response): Record<string, string> =>
  status === 503 && headers["retry-after"] === undefined ? { "retry-after": "1" } : {}

/**
 * Whatever watches the process must not take it for dead because it is busy; nor because of a parameter, which some add
 * against caches: a probe has no wish that could be misspelt.
 */
const isProbe = (path: string): boolean => path === "/health" || path === "/health/ready"

const isRead = ({ method }: HttpServerRequest.HttpServerRequest): boolean => method === "GET" || method === "HEAD"

/** The router leaves the route it found in the fiber's context. */
const routeOf = ({ context }: Fiber.Fiber<unknown, unknown>): string =>
  Context.getOrUndefined(context as Context.Context<HttpRouter.RouteContext>, HttpRouter.RouteContext)?.route.path ??
  "unknown"

/** Nobody hears this status; it is for the metrics. */
const clientClosedRequest = 499

const isAbandoned = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some(
    (reason) => Cause.isInterruptReason(reason) && reason.annotations.has(HttpServerError.ClientAbort.key)
  )

const isUnknownRoute = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some(
    (reason) =>
      Cause.isFailReason(reason) &&
      reason.error instanceof HttpServerError.HttpServerError &&
      reason.error.reason._tag === "RouteNotFound"
  )
