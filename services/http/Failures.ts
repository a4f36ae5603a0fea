import { Cause, Effect } from "effect"
import { HttpServerError, type HttpServerRequest } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { type Flaw, type Problem, problem } from "../api/Problems.ts"
import { flawsOf } from "./Flaws.ts"
import { isUnavailable, tellUnavailable } from "./Foreseen.ts"
import { requestIdOf } from "./RequestContext.ts"

/**
 * The problem to answer with when a request ended in any way but an answer. What nobody foresaw is logged, and the
 * caller gets no more of it than the id to ask about.
 */
export const problemOf = (
  cause: Cause.Cause<unknown>,
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<Problem> => {
  for (const reason of cause.reasons) {
    if (Cause.isInterruptReason(reason)) continue
    const failure = Cause.isFailReason(reason) ? reason.error : reason.defect
    if (isUnavailable(failure)) return tellUnavailable(failure)
    const known = understood(failure)
    if (known !== undefined) return Effect.succeed(known)
  }
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(problem("shutting_down"))
  const id = requestIdOf(request)
  return Effect.as(Effect.logError("a request failed", cause), problem("internal", { id }))
}

const slots: Readonly<Record<string, Flaw["in"]>> = {
  Params: "path",
  Headers: "header",
  Query: "query",
  Payload: "body"
}

const understood = (failure: unknown): Problem | undefined => {
  if (isProblem(failure)) return failure
  if (HttpApiError.HttpApiSchemaError.is(failure)) {
    const place = slots[failure.kind]
    return place && problem("invalid_request", { errors: flawsOf(failure.cause, place) })
  }
  if (failure instanceof HttpServerError.HttpServerError) {
    if (failure.reason._tag === "RouteNotFound") return problem("not_found")
    if (failure.reason._tag === "RequestParseError") return problem("bad_request")
  }
  return undefined
}

const isProblem = (failure: unknown): failure is Problem =>
  typeof failure === "object" && failure !== null && "code" in failure && "type" in failure && "title" in failure
