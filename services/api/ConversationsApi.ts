import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { statuses } from "#domain/message/Status.ts"
import { Authorization, CountsAs, RequiredScope, ShowsViews, WrittenDown } from "./Authorization.ts"
import { shownToReaders } from "./Facts.ts"
import { flag, instant, nullable, text, word } from "./Members.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem } from "./Problems.ts"

const regions = Schema.Array(Schema.String).annotate({ description: "Which regions have it." })
const data = Schema.optionalKey(
  Schema.Record(Schema.String, Schema.Unknown).annotate({
    description: `As the public event of this kind has it. ${shownToReaders}`
  })
)

const Change = Schema.Struct({
  id: text("Names the fact that changes it."),
  at: instant("When, by the clock of where it came from."),
  fromMe: flag("By the account itself."),
  regions,
  data
}).annotate({ identifier: "ConversationChange", description: "What was done to it later." })

const Entry = Schema.Struct({
  id: text("Names the message or fact: the same in every region."),
  at: instant("When it was said, by the clock of where it came from."),
  fromMe: flag("Said by the account itself."),
  kind: text("What it is: `message.queued`, `inbound.text`, `meta.message`, `session.received` …"),
  regions,
  status: Schema.optionalKey(word(statuses, "Of what was sent: how far it has come.")),
  data,
  completed: Schema.optionalKey(
    Change.annotate({ description: "What could not be read at first, as it was read later." })
  ),
  edit: Schema.optionalKey(Change.annotate({ description: "The newest edit, by whoever said it." })),
  deletedAt: Schema.optionalKey(instant("When it was deleted by whoever said it; then nothing says what it was.")),
  reactions: Schema.Array(Change).annotate({ description: "The newest of each side." }),
  votes: Schema.Array(Change).annotate({ description: "The newest of each side." })
}).annotate({ identifier: "ConversationEntry", description: "One thing that was said." })

const AsOf = Schema.Struct({
  region: text("The region, as the home's configuration calls it."),
  time: nullable(Schema.String, "When the newest of its events that is here was recorded there; `null`: none is here."),
  isCurrent: flag("Everything that it has published is here, by the word of its own server just now.")
}).annotate({ identifier: "ConversationAsOf", description: "How far a region is in the answer." })

export const Conversation = Schema.Struct({
  items: Schema.Array(Entry).annotate({ description: "Newest first, by their sources' time." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last."),
  asOf: Schema.Array(AsOf).annotate({ description: "How far each region is in it." }),
  isWhole: flag("Every region is current. Else there may be more, which is here when the region can be reached again.")
}).annotate({ identifier: "Conversation", description: "What a person and the accounts have said to each other." })

export const conversationPageSizes = { minimum: 1, maximum: 100, default: 50 } as const

/** A + in a query is a space to whoever reads it. */
const internationally = Schema.String.check(Schema.isPattern(/^[+ ]?[1-9]\d{6,14}$/, { message: "expected a number" }))

export class ConversationsApi extends HttpApiGroup.make("conversations")
  .add(
    HttpApiEndpoint.get("get", "/", {
      query: {
        phone: internationally.annotate({ description: "Whose: a number with country code; with or without `+`." }),
        from: Schema.optionalKey(Schema.Literals(["home"])).annotate({
          description: "`home`: a region that is not the home asks it, and answers with what it says."
        }),
        ...paging(conversationPageSizes)
      },
      success: Conversation,
      error: [
        ...anywhere,
        Problem("forbidden"),
        Problem("not_home"),
        Problem("home_refused"),
        Problem("home_unreachable")
      ]
    })
      .annotate(ShowsViews, "rows")
      .annotate(...pagingAs(conversationPageSizes))
      .annotate(RequiredScope, ["conversations:read"])
      .annotate(OpenApi.Summary, "A person's conversation, of all regions")
      .annotate(
        OpenApi.Description,
        "At the home of several regions. Says of each region how far it is in the answer; what is cut off is not waited for."
      )
  )
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "conversations" })
  .middleware(Authorization)
  .prefix("/v1/conversations")
  .annotate(OpenApi.Description, "What was said to one person and by them, in whichever region.") {}
