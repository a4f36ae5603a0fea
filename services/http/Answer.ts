import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import type { ErrorCode } from "../api/ErrorCodes.ts"
import { type AnyProblem, contentType, type Members, type Problem, problem } from "../api/Problems.ts"

type Headers = Readonly<Record<string, string>>

/** A problem as an answer of its own, where headers belong to it; elsewhere an effect just fails with the problem. */
export const respond = (found: Problem, headers: Headers = {}): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(found), { status: found.status, contentType, headers })

export const refuse = <const Code extends ErrorCode>(
  code: Code,
  more?: Members
): Effect.Effect<never, AnyProblem<Code>> => Effect.fail(problem(code, more))

export const json = (status: number, body: object, headers: Headers = {}): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(body), { status, contentType: "application/json", headers })
