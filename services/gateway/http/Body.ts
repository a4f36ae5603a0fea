import { Effect, Exit, Schema } from "effect"
import type { HttpServerError, HttpServerRequest } from "effect/http"
import { fromUtf8 } from "#domain/Bytes.ts"
import { type AnyProblem, problem } from "../api/Problems.ts"
import { refuse } from "./Answer.ts"
import { flawsOf } from "./Flaws.ts"

export const maxBodyBytes = 512 * 1024
const maxDepth = 32

type Unreadable = "bad_request" | "invalid_request" | "payload_too_large" | "unsupported_media_type"

/**
 * Reads the request's body as JSON of this shape. Unlike the builder's own reading, each way a body can be wrong is a
 * problem with its own code, bytes that are not UTF-8 are refused, and nothing is parsed before size and type are known.
 */
export const jsonBody = <A, I>(schema: Schema.Codec<A, I>) => {
  type Read = Effect.Effect<A, AnyProblem<Unreadable>>
  const decode = Schema.decodeUnknownExit(schema)
  const explain = Schema.decodeUnknownEffect(schema, { errors: "all" }) // finds every flaw, at twice the price
  const decoded = (value: unknown) => {
    const exit = decode(value)
    if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
    return Effect.mapError(explain(value), (error) => problem("invalid_request", { errors: flawsOf(error, "body") }))
  }
  return (request: HttpServerRequest.HttpServerRequest): Read => {
    if (!isJson(request.headers["content-type"])) return refuse("unsupported_media_type")
    if (Number(request.headers["content-length"]) > maxBodyBytes) return refuse("payload_too_large")
    return Effect.flatMapEager(Effect.mapErrorEager(request.arrayBuffer, unread), (bytes): Read => {
      const value = parse(new Uint8Array(bytes))
      if (value === malformed) return refuse("bad_request", { detail: "The body is not JSON in UTF-8." })
      if (deeperThan(maxDepth, value)) return refuse("bad_request", { detail: "The body is nested too deeply." })
      return decoded(value)
    })
  }
}

const isJson = (contentType: string | undefined): boolean =>
  contentType === "application/json" || /^application\/json\s*(;|$)/i.test(contentType ?? "")

const unread = ({ reason }: HttpServerError.HttpServerError) =>
  reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
    ? problem("payload_too_large")
    : problem("bad_request", { detail: "The body ended before it was complete." })

const malformed = Symbol("malformed")
const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    return malformed // the parser's message would quote the body
  }
}

const deeperThan = (limit: number, value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (limit === 0) return true
  for (const key in value) if (deeperThan(limit - 1, value[key as keyof typeof value])) return true
  return false
}
