import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import { Effect, Exit, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import { concat, fromUtf8 } from "#domain/Bytes.ts"
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
  // A member we do not know is a mistake of its writer: a misspelt wish must not be granted as if it had not been made.
  const decode = Schema.decodeUnknownExit(schema, { onExcessProperty: "error" })
  const explain = Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" }) // finds every flaw, at twice the price
  const decoded = (value: unknown) => {
    const exit = decode(value)
    if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
    return Effect.mapError(explain(value), (error) => problem("invalid_request", { errors: flawsOf(error, "body") }))
  }
  return (request: HttpServerRequest.HttpServerRequest): Read => {
    if (!isJson(request.headers["content-type"])) return refuse("unsupported_media_type")
    if (Number(request.headers["content-length"]) > maxBodyBytes) return refuse("payload_too_large")
    return Effect.flatMapEager(bytesOf(request), (bytes): Read => {
      const value = parse(bytes)
      if (value === malformed) return refuse("bad_request", { detail: "The body is not JSON in UTF-8." })
      if (deeperThan(maxDepth, value)) return refuse("bad_request", { detail: "The body is nested too deeply." })
      return decoded(value)
    })
  }
}

const isJson = (contentType: string | undefined): boolean =>
  contentType === "application/json" || /^application\/json\s*(;|$)/i.test(contentType ?? "")

type Bytes = Effect.Effect<Uint8Array, AnyProblem<"bad_request" | "payload_too_large">>
const broken = () => problem("bad_request", { detail: "The body ended before it was complete." })

/** A caller that waits for `100 Continue` is told so by the platform's own reading. */
const bytesOf = (request: HttpServerRequest.HttpServerRequest): Bytes =>
  request.headers.expect === undefined
    ? collect(toIncomingMessage(request) as IncomingMessage) // HTTP/1.1 is all that is spoken here
    : Effect.mapBoth(request.arrayBuffer, {
        onSuccess: (buffer) => new Uint8Array(buffer),
        onFailure: ({ reason }) =>
          reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
            ? problem("payload_too_large")
            : broken()
      })

/** From the socket's own events: a stream around them costs more than everything else that is done with a body. */
const collect = (source: IncomingMessage): Bytes =>
  Effect.callback((resume) => {
    const chunks: Array<Uint8Array> = []
    let length = 0
    const end = (result: Bytes) => {
      source.off("data", take).off("end", whole).off("error", cut).off("close", cut)
      resume(result)
    }
    const take = (chunk: Uint8Array) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > maxBodyBytes) end(refuse("payload_too_large"))
    }
    const whole = () => end(Effect.succeed(chunks.length === 1 ? chunks[0]! : concat(...chunks)))
    const cut = () => end(Effect.fail(broken()))
    source.on("data", take).on("end", whole).on("error", cut).on("close", cut)
  })

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
