import { Cause, Effect } from "effect"
import { HttpServerError, type HttpServerRequest } from "effect/http"
import { HttpApiError } from "effect/http-api"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { type Flaw, type Problem, problem } from "../api/Problems.ts"
import { flawsOf } from "./Flaws.ts"
import { requestIdOf } from "./RequestId.ts"

type Unavailable = EventStoreUnavailable | SubjectKeysUnavailable

/** A port does not answer: the caller is told to repeat, the log is told why. */
export const storeUnavailable = (error: Unavailable): Effect.Effect<never, Problem<"store_unavailable">> =>
  Effect.logWarning("a port is unavailable", { port: error._tag }, Cause.fail(error.cause)).pipe(
    Effect.andThen(Effect.fail(problem("store_unavailable")))
  )

export const orStoreUnavailable = <A, E, R>(effect: Effect.Effect<A, E | Unavailable, R>) =>
  Effect.catchTags(effect as Effect.Effect<A, Unavailable, R>, {
    EventStoreUnavailable: storeUnavailable,
    SubjectKeysUnavailable: storeUnavailable
  }) as Effect.Effect<A, Exclude<E, Unavailable> | Problem<"store_unavailable">, R>

/**
 * The problem to answer with when a request ended in any way but an answer. What nobody foresaw is logged, and the
 * caller gets no more of it than the id to ask about.
 */
export const problemOf = (
  cause: Cause.Cause<unknown>,
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<Problem> => {
  for (const reason of cause.reasons) {
    const known =
      reason._tag === "Interrupt" ? undefined : foreseen(reason._tag === "Fail" ? reason.error : reason.defect)
    if (known !== undefined) return Effect.succeed(known)
  }
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(problem("shutting_down"))
  const id = requestIdOf(request)
  return Effect.as(Effect.logError("a request failed", { request: id }, cause), problem("internal", { id }))
}

const slots: Readonly<Record<string, Flaw["in"]>> = {
  Params: "path",
  Headers: "header",
  Query: "query",
  Payload: "body"
}

const foreseen = (failure: unknown): Problem | undefined => {
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
