import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { disablings, formats } from "#domain/delivery/Endpoint.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { count, flag, instant, integer, listOf, located, nullable, text, uuid, word } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"
import { publicTypeNames } from "./PublicTypes.ts"

const url = Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(2_048)).annotate({
  description:
    "Where to post: https at port 443 or 8443, or what OUTBOUND_ALLOW allows; encrypted where it is kept, as it may hold a secret.",
  examples: ["https://shop.example/homing"]
})
const types = Schema.Array(Schema.Literals(publicTypeNames))
  .check(Schema.isMaxLength(64))
  .annotate({ description: "Only events of these types; empty: of all.", default: [] })
const device = Schema.NullOr(Schema.String.check(Schema.isMaxLength(255))).annotate({
  description: "Only events of this device; `null`: of all.",
  default: null
})
const personal = flag(
  "Whether it is told numbers, names and texts; only a key that may read everybody's messages may say so."
)

export const CreateEndpoint = Schema.Struct({
  url,
  types: Schema.optionalKey(types),
  device: Schema.optionalKey(device),
  personal: Schema.optionalKey(personal.annotate({ default: false }))
}).annotate({ identifier: "CreateEndpoint", description: "An address, and what it is to be told." })

export const ChangeEndpoint = Schema.Struct({
  url: Schema.optionalKey(url),
  types: Schema.optionalKey(types),
  device: Schema.optionalKey(device),
  personal: Schema.optionalKey(personal),
  enabled: Schema.optionalKey(flag("Whether anything is delivered to it."))
}).annotate({ identifier: "ChangeEndpoint", description: "What shall be otherwise; what is absent stays." })

const thirtyDays = 2_592_000
/** A day. */
export const defaultOverlapSeconds = 86_400

export const RotateSecret = Schema.Struct({
  overlapSeconds: Schema.optionalKey(
    integer({ minimum: 0, maximum: thirtyDays }, "How long deliveries are signed with the old secret too.").annotate({
      default: defaultOverlapSeconds
    })
  )
}).annotate({ identifier: "RotateSecret", description: "How one secret takes the place of another." })

const SigningKey = Schema.Struct({
  publicKey: text("Verifies signatures that begin with `v1a`: Ed25519, as Standard Webhooks writes it, `whpk_…`."),
  until: nullable(instant("A moment."), "Until when it signs; `null` for the newest.")
}).annotate({ identifier: "EndpointKey", description: "A key with which deliveries are signed." })

const Endpoint = Schema.Struct({
  id: uuid("Names the endpoint."),
  url: Schema.optionalKey(text("Where it posts; absent when that can no longer be read.")),
  types: Schema.Array(Schema.String).annotate({ description: "Only events of these types; empty: of all." }),
  device: nullable(Schema.String, "Only events of this device; `null`: of all."),
  personal: flag("Whether it is told numbers, names and texts."),
  format: word(
    formats,
    "How deliveries are written and signed: `standard`, or for the endpoint that WEBHOOK_URL names `wa-gateway`."
  ),
  state: Schema.Literals(["enabled", "disabled"]).annotate({ description: "Only to an `enabled` one is delivered." }),
  reason: Schema.NullOr(
    word(
      disablings,
      "Why it is disabled: by an `operator`; `gone`, it answered 410; `failing`, for five days nothing arrived; `backlog`, more waited for it than is kept."
    )
  ).annotate({ description: "Why it is disabled, if it is." }),
  createdAt: instant("When it was created."),
  keys: Schema.Array(SigningKey).annotate({
    description: "Those that sign now, newest first; none where the format has none."
  }),
  secret: Schema.optionalKey(
    text(
      "Verifies signatures that begin with `v1`: `whsec_…`. Shown when it was made and never again, and absent in the answer to a request that is repeated."
    )
  )
}).annotate({ identifier: "Endpoint", description: "An address that is told what happens." })

export const Attempt = Schema.Struct({
  at: instant("When it began."),
  status: Schema.optionalKey(count("The status that was answered.")),
  error: Schema.optionalKey(
    text(
      "Why there was no answer: `timeout`, `unreachable`, `unresolved`, `tls`, `broken`, `refused: …`, `unreadable`, `gone` or `internal`."
    )
  ),
  millis: count("What it took.")
}).annotate({ identifier: "DeliveryAttempt", description: "One try, and what it came to." })

const id = uuid("The endpoint's id.")
const forbidden = Problem("forbidden")

/** Webhooks, as Standard Webhooks has them. */
export class EndpointsApi extends HttpApiGroup.make("endpoints")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: keyed,
      payload: CreateEndpoint,
      success: HttpApiSchema.WithHeaders(Endpoint.pipe(HttpApiSchema.status(201)), {
        ...answered,
        ...located("The endpoint's path.")
      }),
      error: [
        ...withBody,
        forbidden,
        Problem("address_refused"),
        Problem("idempotency_conflict"),
        Problem("too_many_endpoints")
      ]
    }).annotate(OpenApi.Summary, "Create an endpoint; its secret is shown once"),
    HttpApiEndpoint.get("list", "/", {
      success: listOf(Endpoint, "EndpointList", "Every endpoint, oldest first."),
      error: [...anywhere, forbidden]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Every endpoint, oldest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id },
      success: Endpoint,
      error: [...anywhere, forbidden, Problem("endpoint_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "An endpoint, without its secret"),
    HttpApiEndpoint.patch("change", "/:id", {
      params: { id },
      payload: ChangeEndpoint,
      success: Endpoint,
      error: [...withBody, forbidden, Problem("address_refused"), Problem("endpoint_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Change an endpoint, disable it or enable it again")
      .annotate(
        OpenApi.Description,
        "What waits for a disabled endpoint goes on when it is enabled again; what happens meanwhile is not delivered."
      ),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { id },
      success: HttpApiSchema.NoContent,
      error: [...withBody, forbidden, Problem("endpoint_not_found")]
    }).annotate(OpenApi.Summary, "Remove an endpoint, and what waits for it"),
    HttpApiEndpoint.post("rotate", "/:id/rotate", {
      params: { id },
      headers: keyed,
      payload: RotateSecret,
      success: HttpApiSchema.WithHeaders(Endpoint, answered),
      error: [...withBody, forbidden, Problem("idempotency_conflict"), Problem("endpoint_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Sign with a new secret, and for a while with the old one too"),
    HttpApiEndpoint.post("test", "/:id/test", {
      params: { id },
      headers: keyed,
      success: HttpApiSchema.WithHeaders(Attempt, answered),
      error: [...withBody, forbidden, Problem("idempotency_conflict"), Problem("endpoint_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Deliver a `homing.endpoint.test.v1`, and wait for what comes of it")
  )
  .annotateEndpoints(RequiredScope, ["webhooks:manage"])
  .middleware(Authorization)
  .prefix("/v1/endpoints")
  .annotate(OpenApi.Description, "Addresses that are told what happens.") {}
