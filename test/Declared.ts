import { Schema } from "effect"
import { HttpApi, HttpApiSchema } from "effect/http-api"
import { Api } from "#services/api/Api.ts"
import { errorCodes } from "#services/api/ErrorCodes.ts"
import { contentType, Problem } from "#services/api/Problems.ts"

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Decode = (body: unknown) => unknown

const strictly = (...schemas: ReadonlyArray<Schema.Top>): Decode =>
  Schema.decodeUnknownSync(Schema.Union(schemas) as unknown as Schema.ConstraintDecoder<unknown>, {
    onExcessProperty: "error"
  })

interface Declared {
  readonly method: string
  readonly path: RegExp
  /** By status: what the body may be, and the headers that belong to it. */
  readonly answers: ReadonlyMap<number, { readonly body: Decode; readonly headers: Decode }>
}

const endpoints: Array<Declared> = []
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint: { method, path }, errors, successes }) => {
    const answers = new Map(
      [...successes, ...errors].map(([status, schemas]) => {
        const bodies = schemas.map((schema) => (HttpApiSchema.isWithHeaders(schema) ? schema.schema : schema))
        const headers = schemas.flatMap((schema) => (HttpApiSchema.isWithHeaders(schema) ? [schema.headers] : []))
        const belonging = headers[0] as Schema.ConstraintDecoder<unknown> | undefined
        return [status, { body: strictly(...bodies), headers: Schema.decodeUnknownSync(belonging ?? Schema.Unknown) }]
      })
    )
    const pattern = path.replace(/\/$/, "").replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+")
    endpoints.push({ method, path: new RegExp(`^${pattern}$`), answers })
  }
})

const anyProblem = strictly(...(Object.keys(errorCodes) as Array<keyof typeof errorCodes>).map((code) => Problem(code)))

/** Throws unless the API declares that this may be answered: its status, every member of its body, its headers. */
export const assertDeclared = (method: string, path: string, { headers, status, text }: Answer): void => {
  const [pathname = ""] = path.split("?")
  const endpoint = endpoints.find((declared) => declared.method === method && declared.path.test(pathname))
  const type = headers.get("content-type") ?? ""
  const body: unknown = type.includes("json") && text !== "" ? JSON.parse(text) : undefined
  try {
    if (status >= 400 && type !== contentType) throw new Error(`it is no problem but ${type}`)
    if (endpoint === undefined) {
      if (status >= 400) anyProblem(body)
      return
    }
    const declared = endpoint.answers.get(status)
    if (declared === undefined) throw new Error("this status is not declared")
    if (type.includes("json")) declared.body(body)
    else if (status === 204 && text !== "") throw new Error("there is content")
    declared.headers(Object.fromEntries(headers))
  } catch (cause) {
    throw new Error(`${method} ${pathname} answered ${status}, as the API does not declare it: ${text}`, { cause })
  }
}
