import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, CountsAs, RequiredScope, ShowsViews, WrittenDown } from "./Authorization.ts"
import { Fact } from "./Facts.ts"
import { instant, nullable, uuid } from "./Members.ts"
import { pageSizes } from "./MessagesApi.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

const Reading = Schema.Struct({
  askedAt: instant("When it was last asked for."),
  markedAt: Schema.optionalKey(instant("When the gateway heard that WhatsApp was told; absent until then."))
}).annotate({
  identifier: "InboundReading",
  description: "Present once WhatsApp is to be told that the account has read it."
})

const InboundRead = Schema.Struct({
  id: uuid("The fact's id."),
  device: uuid("The device that heard it, and tells WhatsApp."),
  reading: Reading
}).annotate({ identifier: "InboundRead", description: "What became of marking something as read." })

const Inbound = Schema.Struct({
  ...Fact.fields,
  reading: Schema.optionalKey(Reading),
  recordedAt: instant("When it was recorded, by the gateway's clock.")
}).annotate({ identifier: "Inbound", description: "One thing that a device heard." })

const InboundPage = Schema.Struct({
  items: Schema.Array(Inbound).annotate({ description: "Newest first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "InboundPage", description: "Some of what devices heard." })

const whose =
  "What the devices heard that the key's client was given by a list of its own; what every device heard with messages:read:all."

const word255 = Schema.String.check(Schema.isMaxLength(255))

export class InboundApi extends HttpApiGroup.make("inbound")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        device: Schema.optionalKey(word255.annotate({ description: "Only what this device heard." })),
        ...paging(pageSizes)
      },
      success: InboundPage,
      error: anywhere
    })
      .annotate(RequiredScope, ["messages:read"])
      .annotate(ShowsViews, "rows")
      .annotate(...pagingAs(pageSizes))
      .annotate(OpenApi.Summary, "What devices heard, newest first; `next` is the `after` of the next page")
      .annotate(OpenApi.Description, whose),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: uuid("The fact's id.") },
      success: Inbound,
      error: [...anywhere, Problem("inbound_not_found")]
    })
      .annotate(RequiredScope, ["messages:read"])
      .annotate(OpenApi.Summary, "One thing that a device heard, as its events tell it")
      .annotate(OpenApi.Description, whose),
    HttpApiEndpoint.post("read", "/:id/read", {
      params: { id: uuid("The fact's id.") },
      success: [InboundRead, InboundRead.pipe(HttpApiSchema.status(202))],
      error: [...withBody, Problem("inbound_not_found"), Problem("not_for_reading"), Problem("device_not_paired")]
    })
      .annotate(RequiredScope, ["messages:send"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Tell WhatsApp that the account has read something that a device heard")
      .annotate(
        OpenApi.Description,
        "200 when WhatsApp was told, 202 while it is not: the device does it when it is connected, within a week. Asking again tells, and changes nothing."
      )
  )
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "inbound" })
  .middleware(Authorization)
  .prefix("/v1/inbound")
  .annotate(OpenApi.Description, "Read back what devices heard, and mark it as read.") {}
