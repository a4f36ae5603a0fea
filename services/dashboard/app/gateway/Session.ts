import { useQuery } from "@tanstack/react-query"
import { Schema } from "effect"
import { includes, isScope, type Scope } from "#domain/access/Scopes.ts"
import { beside, ownHeader, Refused, refusalOf } from "./Gateway.ts"
import { queries } from "./Queries.ts"

const Session = Schema.Struct({
  id: Schema.String,
  client: Schema.Struct({ id: Schema.String, name: Schema.optionalKey(Schema.String) }),
  scopes: Schema.Array(Schema.String),
  expiresAt: Schema.String
})
export type Session = typeof Session.Type
const decode = Schema.decodeUnknownSync(Session)

const key = ["session"]

const call = async (method: string, body?: object): Promise<Response> => {
  const response = await fetch(beside("v1/session"), {
    method,
    headers: { ...ownHeader, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) })
  }).catch(() => {
    throw new Refused({ status: 0, code: "unreachable", title: "The gateway cannot be reached." })
  })
  if (!response.ok) throw await refusalOf(response)
  return response
}

/** `undefined` while it is asked for, `null` where there is none. */
export const useSession = (): Session | null | undefined =>
  useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        return decode(await (await call("GET")).json())
      } catch (error) {
        if (error instanceof Refused && error.status === 401) return null
        throw error
      }
    },
    staleTime: 60_000,
    retry: true,
    retryDelay: 1_000
  }).data

/** A key, or the word of a login link. */
export const logIn = async (by: { readonly key: string } | { readonly link: string }): Promise<void> => {
  queries.setQueryData(key, decode(await (await call("POST", by)).json()))
}

export const logOut = async (): Promise<void> => {
  await call("DELETE")
  forget()
}

/** Nothing that was shown to one key is left for the next. */
export const forget = (): void => {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] })
  queries.setQueryData(key, null)
}

/** Whether its key may do one of these; what it may not do is not shown. */
export const may = (session: Session, ...wanted: ReadonlyArray<Scope>): boolean => {
  const held = new Set(session.scopes.filter(isScope))
  return wanted.length === 0 || wanted.some((scope) => includes(held, scope))
}
