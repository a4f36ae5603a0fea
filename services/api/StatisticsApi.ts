import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Authorization, CountsAs, RequiredScope, ShowsViews } from "./Authorization.ts"
import { count, instant, text, uuid } from "./Members.ts"
import { moment } from "./Moment.ts"
import { anywhere } from "./Problems.ts"

export const steps = ["minute", "hour"] as const
/** How many steps an answer may have. */
export const mostSteps = 1_500

const Histogram = (description: string) =>
  Schema.Array(
    Schema.Struct({
      upToMs: count("The upper bound, in milliseconds: a power of two. The lower one is half of it."),
      count: count("How many messages took so long.")
    })
  ).annotate({ description })

const once = "Each message counts once, when it was recorded first."

const counts = {
  queued: count("Messages that were accepted."),
  sent: count(`Messages that were sent. ${once}`),
  delivered: count(`Messages of which the first recipient's delivery was told. ${once}`),
  read: count(`Messages of which it was told that a first recipient read or played them. ${once}`),
  failed: count(`Messages that failed. ${once} One that failed may be sent later, and then counts as both.`),
  expired: count(`Messages whose time was over. ${once}`),
  unknown: count(`Messages of which nobody knew what became of them. ${once}`),
  failures: Schema.Record(Schema.String, Schema.Natural).annotate({
    description: "Of those that failed, how many with which code."
  }),
  latency: Schema.Struct({
    sent: Histogram("From accepted to sent."),
    delivered: Histogram("From accepted to delivered."),
    read: Histogram("From accepted to read.")
  }).annotate({ description: "How long messages took, by the log's times; only bounds under which there are some." })
}

const Counts = Schema.Struct(counts).annotate({
  identifier: "StatisticsCounts",
  description: "How many messages came how far, and how long that took."
})

const Statistics = Schema.Struct({
  step: Schema.Literals(steps).annotate({ description: "What each item counts." }),
  from: instant("The beginning of the first step that is counted."),
  to: instant("The end of the last."),
  items: Schema.Array(
    Schema.Struct({ at: instant("The beginning of the step."), ...counts }).annotate({
      identifier: "StatisticsStep",
      description: "A minute, or an hour."
    })
  ).annotate({ description: "Oldest first; steps in which nothing was recorded are left out." }),
  total: Counts.annotate({ description: "All of them together." }),
  devices: Schema.Array(
    Schema.Struct({ device: uuid("The device that the messages are sent from."), ...counts }).annotate({
      identifier: "StatisticsOfDevice",
      description: "The same of one device."
    })
  ).annotate({ description: "All of them together, by device." })
}).annotate({ identifier: "Statistics", description: "Messages in numbers." })

export class StatisticsApi extends HttpApiGroup.make("statistics")
  .add(
    HttpApiEndpoint.get("get", "/", {
      query: {
        from: Schema.optionalKey(moment("From the step on that this is in; without, an hour or a day before `to`.")),
        to: Schema.optionalKey(moment("Up to the step that this is in, and that one too; without, now.")),
        step: Schema.optionalKey(
          Schema.Literals(steps).annotate({
            description: `What each item counts. Minutes are kept for two days, hours for 400; ${mostSteps} at most are answered.`,
            default: "minute"
          })
        ),
        device: Schema.optionalKey(text("Only what is sent from this device.").check(Schema.isMaxLength(255)))
      },
      success: Statistics,
      error: anywhere
    })
      .annotate(OpenApi.Summary, "How many messages came how far, and how long it took, by minute or hour")
      .annotate(
        OpenApi.Description,
        "Of those that the key's client has queued; of everybody's with messages:read:all. By the gateway's clock, as it stands in the log."
      )
  )
  .annotateEndpoints(RequiredScope, ["messages:read"])
  .annotateEndpoints(ShowsViews, "rows")
  .annotateEndpoints(CountsAs, "messages")
  .middleware(Authorization)
  .prefix("/v1/statistics")
  .annotate(OpenApi.Description, "What became of messages, in numbers.") {}
