import { Effect, Schema } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import { Api } from "#services/api/Api.ts"

/** The gateway that served this page, asked in the words of its own declaration. */

/** The page is at `…/dashboard/`, the API beside it. */
export const beside = (path: string): string => new URL(`../${path}`, location.href).href

/** Tells a request of this page from one that another page makes a browser send. */
export const ownHeader = { "x-homing-request": "dashboard" } as const

/** Why there is no answer. `code` is a problem's stable word, or one of ours: `unreachable`, `not_ours`. */
export class Refused extends Error {
  readonly code: string
  readonly status: number
  readonly title: string
  readonly detail: string | undefined
  /** Names the failure in the gateway's log. */
  readonly id: string | undefined

  constructor({ code, detail, id, status, title }: typeof Excerpt.Type) {
    super(title)
    this.code = code
    this.status = status
    this.title = title
    this.detail = detail
    this.id = id
  }
}

const Excerpt = Schema.Struct({
  status: Schema.Number,
  code: Schema.String,
  title: Schema.String,
  detail: Schema.optionalKey(Schema.String),
  id: Schema.optionalKey(Schema.String)
})
const isExcerpt = Schema.is(Excerpt)
const decodeExcerpt = Schema.decodeUnknownEffect(Schema.fromJsonString(Excerpt))

const unreachable = new Refused({ status: 0, code: "unreachable", title: "The gateway cannot be reached." })
const notOurs = (status: number) =>
  new Refused({ status, code: "not_ours", title: "The answer is not in the gateway's words: is something in between?" })

export type Client = HttpApiClient.ForApi<typeof Api>

const client: Client = Effect.runSync(
  HttpApiClient.make(Api, {
    baseUrl: beside("").replace(/\/$/, ""),
    transformClient: HttpClient.mapRequest(HttpClientRequest.setHeaders(ownHeader))
  }).pipe(Effect.provide(FetchHttpClient.layer))
)

/** Rejects with `Refused`. A signal that aborts ends the request. */
export const ask = <A, E>(question: (client: Client) => Effect.Effect<A, E>, signal?: AbortSignal): Promise<A> =>
  Effect.runPromise(
    Effect.matchEffect(question(client), {
      onSuccess: (answer) => Effect.succeed(Effect.succeed(answer)),
      onFailure: (error) => Effect.map(explained(error), (refused) => Effect.fail(refused))
    }).pipe(Effect.flatten),
    signal && { signal }
  )

const explained = (error: unknown): Effect.Effect<Refused> => {
  if (isExcerpt(error)) return Effect.succeed(new Refused(error))
  if (!HttpClientError.isHttpClientError(error)) return Effect.succeed(notOurs(0))
  if (!("response" in error.reason)) return Effect.succeed(unreachable)
  const { response } = error.reason
  return response.text.pipe(
    Effect.flatMap(decodeExcerpt),
    Effect.match({ onSuccess: (excerpt) => new Refused(excerpt), onFailure: () => notOurs(response.status) })
  )
}

/** For what is asked outside of the declaration: streams. */
export const refusalOf = async (response: Response): Promise<Refused> => {
  const body: unknown = await response.json().catch(() => undefined)
  return isExcerpt(body) ? new Refused(body) : notOurs(response.status)
}
