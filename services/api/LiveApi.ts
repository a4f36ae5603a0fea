import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, CountsAs, CountsItself, RequiredScope, WrittenDown } from "./Authorization.ts"
import { filters } from "./EventsApi.ts"
import { anywhere, Problem } from "./Problems.ts"

export class LiveApi extends HttpApiGroup.make("live")
  .add(
    HttpApiEndpoint.get("stream", "/", {
      query: {
        ...filters("without, from now on"),
        presence: Schema.optionalKey(
          Schema.Literals(["true", "false"]).annotate({
            description:
              "Also how people are seen, where PRESENCE is on, by devices of which the key may read what they hear: events of the type `homing.presence.v1`, without a cursor, which are never told again."
          })
        )
      },
      headers: {
        "last-event-id": Schema.optionalKey(
          Schema.String.check(Schema.isMaxLength(255)).annotate({
            description: "The `id` that was heard last, as browsers send it; goes before `after`."
          })
        )
      },
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/event-stream" })),
      error: [...anywhere, Problem("too_many_connections"), Problem("chat_not_found")]
    })
      .annotate(RequiredScope, ["events:read"])
      .annotate(CountsItself, true)
      .annotate(OpenApi.Summary, "What happens, as it happens, as Server-Sent Events")
      .annotate(
        OpenApi.Description,
        "Each event's `data` is as `GET /v1/events` tells it, its `event` the type, its `id` the cursor. The last event is `closing`, with a word for why. The same path takes WebSockets."
      )
  )
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "events", shownTo: "messages:read:all" })
  .middleware(Authorization)
  .prefix("/v1/live")
  .annotate(OpenApi.Description, "Follow what happens over one connection.") {}
