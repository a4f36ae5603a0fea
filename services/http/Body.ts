import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import { Effect, Exit, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import * as AtOnce from "#domain/AtOnce.ts"
import { type AnyProblem, problem } from "../api/Problems.ts"
import { refuse } from "./Answer.ts"
import { flawsOf } from "./Flaws.ts"
import { membersWritten } from "./JsonMembers.ts"
import { type JsonText, readJson } from "./JsonText.ts"
import { obstacleIn, obstacleTo } from "./MediaType.ts"

export const maxBodyBytes = 512 * 1024
const maxDepth = 32
/** Many times what any request has. Each value that does not fit would be a flaw to be found. */
const maxValues = 1_000

/** How a body can be wrong. */
export type Unreadable = AnyProblem<"bad_request" | "invalid_request" | "payload_too_large" | "unsupported_media_type">

/**
 * Reads the request's body as JSON of this shape. Unlike the builder's own reading, each way a body can be wrong is a
 * problem that says which, bytes that are not UTF-8 are refused, and nothing is parsed before size and type are known.
 */
export const jsonBody = <A>(schema: Schema.ConstraintDecoder<A>) => {
  type Read = Effect.Effect<A, Unreadable>
  // A member we do not know is a mistake of its writer: a misspelt wish must not be granted as if it had not been made.
  const decode = Schema.decodeUnknownExit(schema, { onExcessProperty: "error" })
  const explain = Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" }) // finds every flaw, at twice the price
  const decoded = (value: unknown) => {
    const exit = decode(value)
    if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
    return Effect.mapError(explain(value), (error) => problem("invalid_request", { errors: flawsOf(error, "body") }))
  }
  return (request: HttpServerRequest.HttpServerRequest): Read =>
    AtOnce.flatMap(bytesBody(request), (bytes): Read => {
      const read = readJson(bytes)
      if (typeof read === "string") {
        const packed = obstacleIn(bytes)
        return packed === undefined ? refuse("bad_request", { detail: read }) : refuse("unsupported_media_type", packed)
      }
      const excess = excessIn(read)
      if (excess !== undefined) return refuse("bad_request", { detail: excess })
      return decoded(read.value)
    })
}

/** What is said to be JSON, as it came, and no more of it than is borne. */
export const bytesBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Uint8Array, Unreadable> => {
  const obstacle = obstacleTo(request.headers)
  if (obstacle !== undefined) return refuse("unsupported_media_type", obstacle)
  if (Number(request.headers["content-length"]) > maxBodyBytes) return refuse("payload_too_large")
  return bytesOf(request)
}

const anything = jsonBody(Schema.Unknown)
const isEmpty = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0

/** For a request that takes no body: there is none, or an object without members. A wish that nobody reads is not granted. */
export const noBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void, Unreadable> => {
  const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers
  if (encoding === undefined && Number(length) === 0) return Effect.void
  return Effect.flatMap(anything(request), (value) =>
    isEmpty(value)
      ? Effect.void
      : refuse("invalid_request", { errors: [{ in: "body", pointer: "", expected: "no body, or no members" }] })
  )
}

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
    let bytes: Uint8Array = new Uint8Array(0)
    let length = 0
    const end = (result: Bytes) => {
      source.off("data", take).off("end", whole).off("error", cut).off("close", cut)
      resume(result)
    }
    const take = (chunk: Uint8Array) => {
      const before = length
      length += chunk.length
      if (length > maxBodyBytes) return end(refuse("payload_too_large"))
      if (before === 0) {
        bytes = chunk // nearly always all of it
        return
      }
      if (length > bytes.length) bytes = grown(bytes, length)
      bytes.set(chunk, before)
    }
    const whole = () => end(Effect.succeed(bytes.subarray(0, length)))
    const cut = () => end(Effect.fail(broken()))
    source.on("data", take).on("end", whole).on("error", cut).on("close", cut)
  })

/** Doubled, for the chunks of a body may be as short as a byte: what is done for each must be little. */
const grown = (bytes: Uint8Array, needed: number): Uint8Array => {
  const larger = new Uint8Array(Math.min(needed * 2, maxBodyBytes))
  larger.set(bytes)
  return larger
}

/** Why the body is not looked into any further, if so. Of a member given twice, the parser has dropped the first. */
const excessIn = ({ text, value: body }: JsonText): string | undefined => {
  let values = 0
  let members = 0
  const look = (value: unknown, depth: number): string | undefined => {
    if (++values > maxValues) return "The body has too many members."
    if (typeof value !== "object" || value === null) return undefined
    if (depth === maxDepth) return "The body is nested too deeply."
    const isObject = !Array.isArray(value)
    for (const key in value) {
      if (isObject) members++
      const found = look(value[key as keyof typeof value], depth + 1)
      if (found !== undefined) return found
    }
    return undefined
  }
  return look(body, 0) ?? (members < membersWritten(text) ? "A member is given twice." : undefined)
}
