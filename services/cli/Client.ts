import { Effect, Schema } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import { Api } from "../api/Api.ts"

/** The public API, as any caller may use it: derived from what it declares. */

export interface Address {
  readonly url: string
  readonly key: string
}

/** Where somebody answers who listens there: at no address in particular is nobody to be reached. */
export const urlOf = (host: string, port: number) => {
  const dialled = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host
  return `http://${dialled.includes(":") ? `[${dialled}]` : dialled}:${port}`
}

export class CallFailed extends Schema.TaggedError<CallFailed>()("CallFailed", {
  status: Schema.Number,
  code: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the gateway answers ${this.status} ${this.code}: ${this.detail}`
  }
}

export class NotOurs extends Schema.TaggedError<NotOurs>()("NotOurs", {
  url: Schema.String,
  status: Schema.optionalKey(Schema.Number)
}) {
  override get message() {
    const answers = this.status === undefined ? "answers" : `answers ${this.status}`
    return `${this.url} ${answers} in words that are not the gateway's: is something else there, or in between?`
  }
}

export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { url: Schema.String }) {
  override get message() {
    return `no gateway answers at ${this.url}: see whether it runs there; --url says where else to ask`
  }
}

/** What was typed is nothing that the API takes: the gateway was not asked. */
export class Untakable extends Schema.TaggedError<Untakable>()("Untakable", { flaw: Schema.String }) {
  override get message() {
    return `this is nothing to ask a gateway: ${this.flaw}`
  }
}

type Client = HttpApiClient.ForApi<typeof Api>

/** Asks one thing of the gateway, in the API's own words. */
export type Ask = <A, E>(question: (client: Client) => Effect.Effect<A, E>) => Effect.Effect<A, Refusal>

export const connect = ({ key, url }: Address): Effect.Effect<Ask> => {
  let asked = 0
  const authorized = HttpClient.mapRequest((request) => {
    asked++
    return HttpClientRequest.bearerToken(request, key)
  })
  return HttpApiClient.make(Api, { baseUrl: url, transformClient: authorized }).pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.map(
      (client): Ask =>
        (question) =>
          Effect.suspend(() => {
            const before = asked
            // its spans go nowhere: a gateway would go on with a trace that nobody began
            const untraced = Effect.provideService(question(client), HttpClient.TracerPropagationEnabled, false)
            return Effect.catch(untraced, (error) =>
              asked === before && Schema.isSchemaError(error) ? untakable(error) : explain(url, error)
            )
          })
    )
  )
}

/** What of a problem is told to whoever typed the command. */
const Excerpt = Schema.Struct({
  status: Schema.Number,
  code: Schema.String,
  title: Schema.String,
  detail: Schema.optionalKey(Schema.String)
})
const isExcerpt = Schema.is(Excerpt)
const decodeExcerpt = Schema.decodeUnknownEffect(Schema.fromJsonString(Excerpt))
/** What is wrong with a request stands in the detail; of the gateway's own problems that says what to do. */
const failed = ({ code, detail, status, title }: typeof Excerpt.Type) => {
  const told = status >= 500 ? [title, detail] : [detail ?? title]
  return new CallFailed({ status, code, detail: told.filter((words) => words !== undefined).join(" ") })
}

/** Why an answer with this body is none. */
export const refused = (url: string, status: number, text: string): Effect.Effect<never, CallFailed | NotOurs> =>
  Effect.flatMap(
    Effect.mapError(decodeExcerpt(text), () => new NotOurs({ url, status })),
    (excerpt) => Effect.fail(failed(excerpt))
  )

type Refusal = CallFailed | NotOurs | Unreachable | Untakable

const untakable = ({ message }: Schema.SchemaError): Effect.Effect<never, Refusal> =>
  Effect.fail(new Untakable({ flaw: message.split("\n").join(" ") }))

const explain = (url: string, error: unknown): Effect.Effect<never, Refusal> => {
  if (isExcerpt(error)) return Effect.fail(failed(error))
  if (!HttpClientError.isHttpClientError(error)) return Effect.fail(new NotOurs({ url }))
  if (!("response" in error.reason)) return Effect.fail(new Unreachable({ url }))
  const { response } = error.reason
  // a gateway of another release has problems that this one does not declare
  return Effect.flatMap(response.text, decodeExcerpt).pipe(
    Effect.mapError(() => new NotOurs({ url, status: response.status })),
    Effect.flatMap((excerpt) => Effect.fail(failed(excerpt)))
  )
}
