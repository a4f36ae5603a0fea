import { Effect } from "effect"
import { AccessLog } from "../access/AccessLog.ts"
import { Authenticator } from "../access/Authenticator.ts"
import { Logins } from "../access/Logins.ts"
import { may, type Principal } from "../api/Principal.ts"
import { problem } from "../api/Problems.ts"
import type { Filter, Place, Understood } from "../events/Filter.ts"
import * as Filters from "../events/Filter.ts"
import { Admission } from "../http/Admission.ts"
import type { Asking } from "../http/ClientAddress.ts"
import { problemFor, tellUnavailable } from "../http/Foreseen.ts"
import { Fitness } from "../runtime/Fitness.ts"

export interface Admitted {
  readonly principal: Principal
  readonly wanted: Understood
}

/** How a connection says whose it is: by a key, or by the cookie of a page of ours. */
export type Credential = { readonly key: string } | { readonly cookie: string }

/** What every other request passes on its way in, for one that becomes a WebSocket. */
export const make = Effect.gen(function* () {
  const { authenticate, authenticateLogin } = yield* Authenticator
  const { hear } = yield* Logins
  const accessLog = yield* AccessLog
  const admission = yield* Admission
  const understand = yield* Filters.make
  const { obstacle } = yield* Fitness

  const holderOf = Effect.fnUntraced(function* (credential: Credential) {
    if ("key" in credential) return authenticate(credential.key)
    const found = authenticateLogin(credential.cookie)
    if (found !== "unheard") return found
    yield* Effect.catch(hear, (error) => Effect.flatMap(tellUnavailable(error), Effect.fail))
    const later = authenticateLogin(credential.cookie)
    return later === "unheard" ? undefined : later
  })

  return Effect.fnUntraced(function* (asking: Asking, credential: Credential, filter: Filter, place: Place) {
    if (obstacle() === "clock_off") return yield* Effect.fail(problem("clock_off"))
    const principal = yield* holderOf(credential)
    if (principal === undefined) return yield* Effect.fail(problem("unauthorized"))
    if (typeof principal === "string") return yield* Effect.fail(problem(principal))
    if (!may(principal, "events:read")) {
      return yield* Effect.fail(problem("forbidden", { detail: "The scope events:read is needed." }))
    }
    const limited = yield* admission.admit(asking, principal, "messages")
    if (limited !== undefined) return yield* Effect.fail(problemFor(limited, asking))
    const admitted: Admitted = { principal, wanted: yield* understand(principal, filter, place) }
    if (admitted.wanted.personal) accessLog.noteRead(principal, "events")
    return admitted
  })
})
