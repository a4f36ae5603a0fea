import { Effect, Option, Schema } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { configured } from "#domain/access/Client.ts"
import { inOrder } from "#domain/access/Scopes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { LoginId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { RateLimits } from "#domain/ports/RateLimits.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import type { Principal } from "../api/Principal.ts"
import { problem } from "../api/Problems.ts"
import { Admission, RateLimited } from "../http/Admission.ts"
import { refuse } from "../http/Answer.ts"
import { noBody } from "../http/Body.ts"
import { isProxied, type Trust } from "../http/ClientAddress.ts"
import { orProblem } from "../http/Foreseen.ts"
import { ownPages } from "../http/OwnPage.ts"
import { requestMillis, within } from "../http/Patience.ts"
import { posting } from "../http/Posting.ts"
import { knownQuery } from "../http/Query.ts"
import { limitOf } from "../http/RateHeaders.ts"
import { Fitness } from "../runtime/Fitness.ts"
import { AccessLog } from "./AccessLog.ts"
import { Authenticator } from "./Authenticator.ts"
import { Clients } from "./Clients.ts"
import { keyIdIn } from "./Credential.ts"
import { type Place, setting } from "./LoginCookie.ts"
import { LoginRefused, Logins } from "./Logins.ts"
import { type OpenLogin, OpenLogins } from "./OpenLogins.ts"
import { Roster } from "./Roster.ts"

const isLoginId = Schema.is(LoginId)
const { logIn, offer } = Api.groups.sessions.endpoints
type Request = HttpServerRequest.HttpServerRequest

const prefix = /^(\/[\w.~-]+)+$/

/** What a trusted proxy says of the way the browser came. */
const placeOf = (trust: Trust | undefined, { headers, remoteAddress }: Request): Place => {
  if (!isProxied(trust, Option.getOrUndefined(remoteAddress))) return { isSecure: false, path: "/" }
  const { "x-forwarded-prefix": path = "", "x-forwarded-proto": protocol = "" } = headers
  return {
    isSecure: protocol.split(",").at(-1)!.trim() === "https",
    path: path.length < 256 && prefix.test(path) ? path : "/"
  }
}

/** Of one address, with what opens nothing: a minute of what anybody may do who has no key. */
const refusals = limitOf("logins", 60)!

export const layer = (trustProxy: Trust | undefined) =>
  HttpApiBuilder.group(
    Api,
    "sessions",
    Effect.fnUntraced(function* (handlers) {
      const wall = yield* Clocks.wall
      const { authenticate, authenticateLogin } = yield* Authenticator
      const accessLog = yield* AccessLog
      const { addressOf } = yield* Admission
      const clients = yield* Clients
      const limits = yield* RateLimits
      const logins = yield* Logins
      const open = yield* OpenLogins
      const roster = yield* Roster
      const { obstacle } = yield* Fitness
      const { isForeign } = ownPages(trustProxy)
      const misspelt = knownQuery(undefined)
      const inTime = within(requestMillis, refuse("store_unavailable"))

      const documentOf = Effect.fnUntraced(function* (
        { client, devices, key, scopes }: Principal,
        { expiresAt, id }: OpenLogin
      ) {
        const name = client === configured.client ? "configured" : (yield* clients.find(client))?.name
        return {
          id,
          client: { id: client, ...(name !== undefined && { name }) },
          key,
          scopes: inOrder(scopes),
          devices: devices === "all" ? null : [...devices],
          expiresAt
        }
      })

      /** A request whose credentials are none. */
      const refused = Effect.fnUntraced(function* (request: Request, presented: string) {
        const claimed = keyIdIn(presented)
        accessLog.noteRefused(claimed && roster.keys.get(claimed)?.client)
        const claim = { bucket: `logins:${addressOf(request)}`, policy: refusals.policy, amount: 1 }
        const { allowed, waitMillis } = limits.takeHere(claim)
        if (!allowed) return yield* Effect.fail(new RateLimited(refusals, Math.max(1, Math.ceil(waitMillis / 1_000))))
        return yield* new LoginRefused({})
      })

      const opened = Effect.fnUntraced(function* (
        request: Request,
        asked: { readonly key: string } | { readonly link: string }
      ) {
        if (obstacle() === "clock_off") return yield* refuse("clock_off")
        if (isForeign(request, Option.getOrUndefined(request.remoteAddress))) return yield* refuse("csrf_refused")
        if ("link" in asked)
          return yield* Effect.catchTag(logins.redeem(asked.link), "LoginRefused", () => refused(request, asked.link))
        const principal = authenticate(asked.key)
        if (principal === undefined) return yield* refused(request, asked.key)
        if (typeof principal === "string") return yield* Effect.fail(problem(principal))
        return yield* logins.open(principal)
      })

      const loggedIn = posting(logIn, ({ payload, request }) =>
        inTime(
          Effect.gen(function* () {
            const { id, token } = yield* opened(request, payload)
            const principal = authenticateLogin(token)
            const login = open.get(id)
            // its key may have been revoked this very moment
            if (typeof principal !== "object" || login === undefined) return yield* new LoginRefused({})
            const seconds = Math.floor((toMillis(login.expiresAt) - wall()) / 1_000)
            const cookie = setting(token, seconds, placeOf(trustProxy, request))
            return { body: yield* documentOf(principal, login), headers: { "set-cookie": cookie } }
          })
        )
      )

      return handlers
        .handleRaw("logIn", (raw) => {
          const flawed = misspelt(raw.request.url)
          return flawed === undefined ? loggedIn(raw) : Effect.fail(flawed)
        })
        .handle("current", () =>
          Effect.gen(function* () {
            const principal = yield* CurrentPrincipal
            const login = principal.login && open.get(principal.login)
            if (login === undefined) return yield* refuse("session_not_found")
            return yield* orProblem(documentOf(principal, login))
          })
        )
        .handleRaw("logOut", ({ request }) =>
          Effect.gen(function* () {
            yield* noBody(request)
            const principal = yield* CurrentPrincipal
            if (principal.login === undefined) return yield* refuse("session_not_found")
            yield* orProblem(logins.end(principal, principal.login))
            const cookie = setting("", 0, placeOf(trustProxy, request))
            return HttpServerResponse.empty({ status: 204, headers: { "set-cookie": cookie } })
          })
        )
        .handleRaw(
          "offer",
          posting(
            offer,
            Effect.fnUntraced(function* () {
              const principal = yield* CurrentPrincipal
              // else one session would lead to the next, and none would ever end
              if (principal.login !== undefined) {
                return yield* refuse("forbidden", { detail: "A link is made with a key, and not in a session." })
              }
              return { body: yield* logins.offer(principal) }
            })
          )
        )
        .handle("list", () =>
          Effect.map(CurrentPrincipal, (principal) => ({
            items: logins.list(principal).map((login) => ({ ...login, current: login.id === principal.login }))
          }))
        )
        .handle("revoke", ({ params: { id }, request }) =>
          Effect.gen(function* () {
            yield* noBody(request)
            if (!isLoginId(id)) return yield* refuse("session_not_found")
            yield* orProblem(logins.end(yield* CurrentPrincipal, id))
          })
        )
    })
  )
