import { Effect, Schema } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApi, type HttpApiEndpoint, HttpApiSchema } from "effect/http-api"
import * as AtOnce from "#domain/AtOnce.ts"
import { Api } from "../api/Api.ts"
import type { ErrorCode } from "../api/ErrorCodes.ts"
import type { AnyProblem } from "../api/Problems.ts"
import { json } from "./Answer.ts"
import { jsonBody, type Unreadable } from "./Body.ts"
import { type Foreseen, orProblem } from "./Foreseen.ts"
import { idempotencyKey, keyOf, withKey } from "./IdempotencyKey.ts"
import { membersOf } from "./Query.ts"
import type { Key } from "./RequestContext.ts"

type Request = HttpServerRequest.HttpServerRequest
type Declared = Pick<HttpApiEndpoint.Top, "headers" | "payload">

/** A request as its endpoint declares it, read; with its idempotency key, if the endpoint declares that it takes one. */
type Asked<Endpoint extends HttpApiEndpoint.ConstraintRequest> = Endpoint["~RequestRaw"] & {
  readonly payload: Endpoint["~Payload"]["Type"]
} & (typeof idempotencyKey extends keyof Endpoint["~Headers"]["Type"] ? { readonly key: Key } : unknown)

/** One of the successes that an endpoint declares; `status` where these are several. A key's headers are told anyway. */
type Reply<Success> =
  Success extends HttpApiSchema.WithHeaders<infer Body, infer Headers>
    ? {
        readonly status?: number
        readonly body: Body["Type"]
        readonly headers: Omit<Headers["Type"], typeof idempotencyKey | "idempotency-warning">
      }
    : Success extends Schema.Constraint
      ? { readonly status?: number; readonly body: Success["Type"] }
      : never

/**
 * The handler of an endpoint that takes JSON: the body is read once, strictly, by the schema that the endpoint declares,
 * and what is answered is what it declares. Where none is declared, none has come this far. `unread`: what else is to be done when the body cannot be read.
 * `readAs`: another reading of it, where it is in somebody else's words.
 */
export const posting = <
  Endpoint extends HttpApiEndpoint.ConstraintRequest & Declared,
  E extends Foreseen | AnyProblem<ErrorCode>,
  R,
  R2 = never
>(
  endpoint: Endpoint,
  handle: (asked: Asked<Endpoint>) => Effect.Effect<Reply<Endpoint["~Success"]>, E, R>,
  unread: (request: Request) => Effect.Effect<unknown, never, R2> = () => Effect.void,
  readAs?: (request: Request) => Effect.Effect<Endpoint["~Payload"]["Type"], Unreadable>
) => {
  const takesBody = endpoint.payload.size > 0
  const readBody = readAs ?? (takesBody ? jsonBody(payloadOf<Endpoint["~Payload"]["Type"]>(endpoint)) : nothing)
  const read = readBody as (request: Request) => Effect.Effect<unknown, Unreadable>
  const write = writing(endpoint)
  const takesKey = membersOf(endpoint.headers).includes(idempotencyKey)
  return (raw: Endpoint["~RequestRaw"]) => {
    const { headers = {}, request } = raw as Raw
    const key = takesKey ? keyOf(request, headers[idempotencyKey]) : undefined
    const payload = Effect.tapError(read(request), () => unread(request))
    const written = AtOnce.flatMap(payload, (payload) => {
      const asked = { ...(raw as object), payload, key } as Asked<Endpoint>
      return Effect.map(orProblem(handle(asked)), (reply) => write(reply as Written))
    })
    return Effect.mapError(written, (found) => withKey(request, found))
  }
}

const nothing = () => Effect.void

interface Raw {
  readonly request: Request
  readonly headers?: Readonly<Record<string, string | undefined>>
}

const payloadOf = <A>({ payload }: Declared) => {
  const declared = payload.get("application/json")
  if (declared === undefined) throw new Error("what is posted to this endpoint is not JSON")
  return declared.schemas[0] as unknown as Schema.ConstraintDecoder<A>
}

interface Written {
  readonly status?: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Encode = (body: unknown) => object

/** Every status that an endpoint declares has one body. */
const writing = (endpoint: Declared) => {
  const encoders = new Map<number, Encode>()
  HttpApi.reflect(Api, {
    predicate: (declared) => declared.endpoint === endpoint,
    onGroup: () => {},
    onEndpoint: ({ successes }) => {
      for (const [status, [success]] of successes) {
        const body = HttpApiSchema.isWithHeaders(success) ? success.schema : success
        encoders.set(status, Schema.encodeUnknownSync(body as unknown as Schema.ConstraintEncoder<object>))
      }
    }
  })
  const [first = 200] = encoders.keys()
  return ({ body, headers, status = first }: Written) => {
    const encode = encoders.get(status)
    if (encode === undefined) throw new Error(`this endpoint declares no answer ${status}`)
    return json(status, encode(body), headers)
  }
}
