import { createContext, use } from "react"
import type { Scope } from "#domain/access/Scopes.ts"
import { may, type Session } from "./Session.ts"

export const SessionContext = createContext<Session | null>(null)

/** Whether whoever looks may do one of these. */
export const useMay = (...wanted: ReadonlyArray<Scope>): boolean => {
  const session = use(SessionContext)
  return session !== null && may(session, ...wanted)
}
