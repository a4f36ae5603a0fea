import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { type ErrorCode, errorCodes } from "./ErrorCodes.ts"
import { text } from "./Members.ts"
import { type OwnCode, remedies } from "./Remedies.ts"

/** Under a name of its own: generators that name a list by its member would write a type called `in`. */
const Place = Schema.Literals(["body", "header", "path", "query"]).annotate({
  identifier: "FlawPlace",
  description: "The part of the request."
})

/** Where in the request something is not as the API describes it. The value found there is never repeated. */
export const Flaw = Schema.Struct({
  in: Place,
  pointer: text("A JSON Pointer (RFC 6901) into that part."),
  expected: text("What was expected there.")
}).annotate({
  identifier: "Flaw",
  description: "Where a request is not as it is described here. No value is repeated."
})
export type Flaw = typeof Flaw.Type

const members = {
  detail: Schema.optionalKey(
    text("What is wrong with this request in particular, or what to do about it, in a sentence or two for people.")
  ),
  errors: Schema.optionalKey(Schema.Array(Flaw).annotate({ description: "Each flaw of the request." })),
  idempotencyKey: Schema.optionalKey(
    text("The key that the gateway made because the request had none: repeat the request with it.")
  ),
  id: Schema.optionalKey(text("Names this failure in the gateway's log."))
}
export type Members = { readonly [K in keyof typeof members]?: (typeof members)[K]["Type"] }

/** RFC 9457 problem details. `code` is the stable word to program against; `type` is the same as a URI. */
export interface Problem<Code extends ErrorCode = ErrorCode> extends Members {
  readonly type: `urn:homing:problem:${Code}`
  readonly title: string
  readonly status: (typeof errorCodes)[Code][0]
  readonly code: Code
}

/** One of several. */
export type AnyProblem<Code extends ErrorCode> = Code extends ErrorCode ? Problem<Code> : never

export const contentType = "application/problem+json"

const declare = <const Code extends ErrorCode>(code: Code) => {
  const [status, title] = errorCodes[code]
  const type: `urn:homing:problem:${Code}` = `urn:homing:problem:${code}`
  return Schema.Struct({
    type: Schema.Literal(type).annotate({ description: "The code as a URI." }),
    title: text("The problem in a sentence, the same for every occurrence."),
    status: Schema.Literal(status as (typeof errorCodes)[Code][0]).annotate({ description: "The answer's status." }),
    code: Schema.Literal(code).annotate({ description: "The stable word to program against." }),
    ...members
  })
    .annotate({ identifier: `problem.${code}`, description: title, httpApiStatus: status })
    .pipe(HttpApiSchema.asJson({ contentType }))
}

const declared = new Map<ErrorCode, unknown>()

/** Declares that an endpoint may answer with this problem. One schema per code: the document names each once. */
export const Problem = <const Code extends ErrorCode>(code: Code) => {
  if (!declared.has(code)) declared.set(code, declare(code))
  return declared.get(code) as ReturnType<typeof declare<Code>>
}

const isOwn = (code: ErrorCode): code is OwnCode => Object.hasOwn(remedies, code)

/** One of the gateway's own says in its `detail` what to do about it. */
export const problem = <const Code extends ErrorCode>(code: Code, more?: Members): AnyProblem<Code> => {
  const [status, title] = errorCodes[code]
  const remedy = isOwn(code) ? { detail: remedies[code] } : {}
  const found: Problem = { type: `urn:homing:problem:${code}`, title, status, code, ...remedy, ...more }
  return found as AnyProblem<Code>
}

/** What any endpoint may answer. */
export const anywhere = [
  Problem("invalid_request"),
  Problem("rate_limited"),
  Problem("internal"),
  Problem("store_unavailable"),
  Problem("shutting_down")
] as const

/** What any endpoint with a body may answer besides. */
export const withBody = [
  ...anywhere,
  Problem("bad_request"),
  Problem("request_timeout"),
  Problem("payload_too_large"),
  Problem("unsupported_media_type")
] as const
