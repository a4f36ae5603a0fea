import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { scopes as everyScope, Scope } from "#domain/access/Scopes.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { flag, instant, listOf, nullable, text, uuid } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

const secret = (description: string) =>
  Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(512)).annotate({ description })

const ByKey = Schema.Struct({ key: secret("The API key.") }).annotate({
  identifier: "LogInByKey",
  description: "An API key, to be exchanged."
})
const ByLink = Schema.Struct({ link: secret("What stands in a login link behind `link=`.") }).annotate({
  identifier: "LogInByLink",
  description: "A one-time login link, to be exchanged."
})
const LogIn = Schema.Union([ByKey, ByLink]).annotate({
  identifier: "LogIn",
  description: "What a session is given for: a key, or a link that somebody with a key has made."
})

const id = uuid("Names the session; no secret.")
const expiresAt = instant("When it ends at the latest.")

const Session = Schema.Struct({
  id,
  client: Schema.Struct({
    id: uuid("The client's."),
    name: Schema.optionalKey(text("What it is called; absent when that can no longer be read."))
  }).annotate({ description: "Whose it is." }),
  key: text("The id of the key under which it stands: it ends with this, and may what this may."),
  scopes: Schema.Array(Scope).annotate({ description: "What it may do." }),
  devices: nullable(Schema.Array(uuid("A device's id.")), "The devices that it may use; `null`: all of them."),
  expiresAt
}).annotate({ identifier: "Session", description: "A client that is known by a cookie for a while." })

const ListedSession = Schema.Struct({
  id,
  client: uuid("The client's id."),
  key: text("The id of the key under which it stands."),
  loggedInAt: instant("When it began."),
  lastUsedAt: instant("When it was used last; what another gateway was asked, to some minutes."),
  expiresAt,
  current: flag("Whether it is the one that asks.")
}).annotate({ identifier: "ListedSession", description: "A session that is good." })

const LoginLink = Schema.Struct({
  link: text("To be exchanged once, by whoever has it: `/dashboard/#/login?link=` and this."),
  expiresAt: instant("Until when.")
}).annotate({ identifier: "LoginLink", description: "A one-time login link." })

const setCookie = { "set-cookie": text("The session's cookie: it is out of reach of scripts.") }

/** A browser's way in: an API key, exchanged for a cookie that ends by itself. */
export class SessionsApi extends HttpApiGroup.make("sessions")
  .add(
    HttpApiEndpoint.post("logIn", "/session", {
      payload: LogIn,
      success: HttpApiSchema.WithHeaders(Session.pipe(HttpApiSchema.status(201)), setCookie),
      error: [
        ...withBody,
        Problem("unauthorized"),
        Problem("csrf_refused"),
        Problem("starting"),
        Problem("out_of_date"),
        Problem("clock_off")
      ]
    }).annotate(OpenApi.Summary, "Exchange an API key, or a login link, for a session"),
    HttpApiEndpoint.get("current", "/session", {
      success: Session,
      error: [...anywhere, Problem("session_not_found")]
    })
      .middleware(Authorization)
      .annotate(OpenApi.Summary, "The session that asks"),
    HttpApiEndpoint.delete("logOut", "/session", {
      success: HttpApiSchema.WithHeaders(HttpApiSchema.NoContent, setCookie),
      error: [...withBody, Problem("session_not_found")]
    })
      .middleware(Authorization)
      .annotate(OpenApi.Summary, "Log out"),
    HttpApiEndpoint.post("offer", "/session/links", {
      success: LoginLink.pipe(HttpApiSchema.status(201)),
      error: withBody
    })
      .middleware(Authorization)
      .annotate(OpenApi.Summary, "Make a one-time login link, which logs in under the key that asks"),
    HttpApiEndpoint.get("list", "/sessions", {
      success: listOf(ListedSession, "SessionList", "Every session that is good, oldest first."),
      error: anywhere
    })
      .middleware(Authorization)
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "The client's sessions; for an administrator, everybody's"),
    HttpApiEndpoint.delete("revoke", "/sessions/:id", {
      params: { id },
      success: HttpApiSchema.NoContent,
      error: [...withBody, Problem("session_not_found")]
    })
      .middleware(Authorization)
      .annotate(OpenApi.Summary, "Revoke a session: it is refused from the answer on")
  )
  .annotateEndpoints(RequiredScope, everyScope)
  .prefix("/v1")
  .annotate(
    OpenApi.Description,
    "Sessions of browsers. With the cookie, what changes something takes the header `X-Homing-Request: dashboard`, from a page of the gateway's own origin."
  ) {}
