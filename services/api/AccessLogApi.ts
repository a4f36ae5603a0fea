import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { count, instant, nullable, text, uuid, word } from "./Members.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere } from "./Problems.ts"

const types = [
  "access.link_offered",
  "access.logged_in",
  "access.logged_out",
  "access.login_refused",
  "access.read",
  "access.exported",
  "access.redriven",
  "access.erased"
]

export const accessPageSizes = { minimum: 1, maximum: 500, default: 50 } as const

const Entry = Schema.Struct({
  id: uuid("The event's."),
  at: instant("When it was recorded."),
  type: word(types, "What was done."),
  client: Schema.optionalKey(uuid("Who did it, or whose session it is; absent of credentials that were nobody's.")),
  keys: Schema.Array(text("A key's id.")).annotate({ description: "By which of its keys." }),
  by: Schema.optionalKey(text("The id of the key by which a session was ended, or the rest was asked for.")),
  session: Schema.optionalKey(uuid("The session that it is about.")),
  of: Schema.optionalKey(text("The kind of what was read, exported, redriven or erased.")),
  count: count("How often."),
  since: Schema.optionalKey(instant("From when it was counted, until it was recorded.")),
  reason: Schema.optionalKey(text("Of a session: by what it began, `key` or `link`; or why it ended."))
}).annotate({
  identifier: "AccessLogEntry",
  description: "Something that was done with the API, or with data of somebody."
})

const AccessLogPage = Schema.Struct({
  items: Schema.Array(Entry).annotate({ description: "Newest first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "AccessLogPage", description: "A page of the access log." })

/** Who did what: sessions, and what was done with data of people. */
export class AccessLogApi extends HttpApiGroup.make("accessLog")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        client: Schema.optionalKey(
          Schema.String.check(Schema.isMaxLength(255)).annotate({ description: "Only what this client did." })
        ),
        ...paging(accessPageSizes)
      },
      success: AccessLogPage,
      error: anywhere
    })
      .annotate(ShowsViews, "rows")
      .annotate(...pagingAs(accessPageSizes))
      .annotate(OpenApi.Summary, "Who did what, newest first")
      .annotate(
        OpenApi.Description,
        "Logins and how they ended, exports, redrives and erasures, each as it was; reads of personal data, and credentials that were refused, gathered: one entry a minute at most for each client and kind, about a minute late."
      )
  )
  .annotateEndpoints(RequiredScope, ["audit:read"])
  .middleware(Authorization)
  .prefix("/v1/access-log")
  .annotate(OpenApi.Description, "Who did what with this gateway.") {}
