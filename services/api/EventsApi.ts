import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Authorization, CountsAs, CountsItself, RequiredScope, WrittenDown } from "./Authorization.ts"
import { parameterAs } from "./Document.ts"
import { flag, instant, nullable, text, uuid, word } from "./Members.ts"
import { wholeNumber } from "./Paging.ts"
import { anywhere, Problem } from "./Problems.ts"
import { publicTypeNames } from "./PublicTypes.ts"

const PublicEvent = Schema.Struct({
  specversion: Schema.Literal("1.0").annotate({ description: "The version of CloudEvents." }),
  id: uuid("The event's own; the same wherever it is told."),
  source: Schema.String.annotate({
    description: "The path of the device, of Meta's app or of the session source that it came by.",
    format: "uri-reference"
  }),
  type: word(publicTypeNames, "What happened, and the version of the shape of `data`."),
  time: instant("When it was recorded, by the gateway's clock."),
  subject: uuid("The message, fact or device that it is about."),
  datacontenttype: Schema.Literal("application/json").annotate({ description: "What `data` is." }),
  cursor: text("Where it stands in the log: an `after` behind which nothing is missed."),
  data: Schema.Record(Schema.String, Schema.Unknown).annotate({
    description:
      "What there is to say, as docs/events.schema.json describes it for each type. Numbers, names and texts only for a key with `messages:read:all`, and only while they can be read."
  })
}).annotate({ identifier: "PublicEvent", description: "Something that happened, as a CloudEvent 1.0." })

const EventPage = Schema.Struct({
  items: Schema.Array(PublicEvent).annotate({ description: "In the order in which they were recorded." }),
  next: nullable(Schema.String, "The `after` to go on with; `null` while nothing was ever recorded."),
  more: flag("More was recorded already: ask again at once.")
}).annotate({ identifier: "EventPage", description: "What happened behind a place in the log." })

/** Of a page of events. */
export const eventPageSizes = { minimum: 1, maximum: 500, default: 100 } as const
const waits = { minimum: 0, maximum: 30_000, default: 0 } as const

const word255 = Schema.String.check(Schema.isMaxLength(255))

/** Where to begin, and of which events. */
export const filters = (without: string) => ({
  after: Schema.optionalKey(word255.annotate({ description: `A \`next\` or a \`cursor\` of before; ${without}.` })),
  types: Schema.optionalKey(
    Schema.String.check(Schema.isMaxLength(4_096)).annotate({
      description: "Only those of these types, separated by commas.",
      examples: ["homing.inbound.message.v1,homing.message.failed.v1"]
    })
  ),
  device: Schema.optionalKey(word255.annotate({ description: "Only those of this device." })),
  chat: Schema.optionalKey(
    word255.annotate({ description: "Only those of this chat, whichever of its names they have." })
  )
})

const limit = parameterAs("limit", { type: "integer", ...eventPageSizes, description: "How many at most." })
const waitMs = parameterAs("waitMs", {
  type: "integer",
  ...waits,
  description: "How long the answer may wait for the first, in milliseconds."
})

export class EventsApi extends HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        ...filters("without, from the first event on"),
        limit: wholeNumber(eventPageSizes),
        waitMs: wholeNumber(waits)
      },
      success: EventPage,
      error: [...anywhere, Problem("too_many_waits"), Problem("chat_not_found")]
    })
      .annotate(RequiredScope, ["events:read"])
      .annotate(CountsItself, true)
      .annotate(OpenApi.Transform, (made) => waitMs(limit(made)))
      .annotate(OpenApi.Summary, "What happened, in order, without gap or repetition; waits for more if asked to")
      .annotate(
        OpenApi.Description,
        "Of a long stretch in which nothing matches the answer is empty, with a `next` that is further on."
      )
  )
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "events", shownTo: "messages:read:all" })
  .middleware(Authorization)
  .prefix("/v1/events")
  .annotate(OpenApi.Description, "Follow what happens: to messages, to devices, and what these hear.") {}
