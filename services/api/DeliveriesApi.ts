import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, RequiredScope, WrittenDown } from "./Authorization.ts"
import { Attempt } from "./EndpointsApi.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { count, instant, nullable, text, uuid, word } from "./Members.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

export const statuses = ["pending", "delivered", "dead"] as const
const kinds = ["event", "change", "raw"] as const
const Status = Schema.Literals(statuses)

const Delivery = Schema.Struct({
  id: uuid("Names the delivery: the `webhook-id` of each of its attempts."),
  endpoint: Schema.optionalKey(uuid("The endpoint that it goes to.")),
  target: Schema.optionalKey(uuid("The target that it goes to.")),
  kind: word(
    kinds,
    "`event`: what happened, to an endpoint; `change`: what Meta told of one person or thing, and `raw`: a whole request of Meta's, to a target."
  ),
  event: uuid("The id of the event that it tells."),
  type: text("The event's type; of a whole request of Meta's `homing.meta.request.v1`."),
  recordedAt: instant("When the event was recorded."),
  status: Status.annotate({
    description: "`pending` is to be tried, `delivered` was answered with 2xx, `dead` was given up."
  }),
  tries: count("How often it was tried, since it was made or asked for again."),
  dueAt: nullable(instant("A moment."), "When it is tried next at the earliest; `null` when it is settled."),
  attempts: Schema.Array(Attempt).annotate({ description: "What they came to, oldest first; the last 24." })
}).annotate({ identifier: "Delivery", description: "One thing to one endpoint or target." })

const DeliveryPage = Schema.Struct({
  items: Schema.Array(Delivery).annotate({ description: "Newest first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "DeliveryPage", description: "Some of the deliveries to an endpoint or a target." })

const destination = (description: string) => uuid(description).check(Schema.isMaxLength(255))

/** Of a page of deliveries. */
export const pageSizes = { minimum: 1, maximum: 200, default: 50 } as const

export class DeliveriesApi extends HttpApiGroup.make("deliveries")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        endpoint: Schema.optionalKey(destination("Those to this endpoint; or say `target`.")),
        target: Schema.optionalKey(destination("Those to this target of routes.")),
        status: Schema.optionalKey(Status.annotate({ description: "Only those with this status." })),
        ...paging(pageSizes)
      },
      success: DeliveryPage,
      error: [...anywhere, Problem("forbidden"), Problem("endpoint_not_found"), Problem("target_not_found")]
    })
      .annotate(...pagingAs(pageSizes))
      .annotate(OpenApi.Summary, "Deliveries to an endpoint or a target, newest first")
      .annotate(
        OpenApi.Description,
        "What was delivered is listed for three days, what was given up for thirty. Nothing of what was told is in it."
      ),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: uuid("The delivery's id.") },
      success: Delivery,
      error: [...anywhere, Problem("forbidden"), Problem("delivery_not_found")]
    }).annotate(OpenApi.Summary, "A delivery, and what its attempts came to"),
    HttpApiEndpoint.post("redrive", "/:id/redrive", {
      params: { id: uuid("The delivery's id.") },
      headers: keyed,
      success: HttpApiSchema.WithHeaders(Delivery, answered),
      error: [...withBody, Problem("forbidden"), Problem("idempotency_conflict"), Problem("delivery_not_found")]
    })
      .annotate(WrittenDown, { deed: "redriven", of: "deliveries" })
      .annotate(
        OpenApi.Summary,
        "Deliver again what arrived or was given up, under the same `webhook-id`; what waits for its next attempt, at once"
      )
      .annotate(
        OpenApi.Description,
        "What arrived or was given up goes at once, beside whatever else waits in its chat. What waits for one before it in its chat waits on."
      )
  )
  .annotateEndpoints(RequiredScope, ["webhooks:manage"])
  .middleware(Authorization)
  .prefix("/v1/deliveries")
  .annotate(OpenApi.Description, "What was told to endpoints and targets, and what became of it.") {}
