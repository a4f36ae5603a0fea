import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { disablings } from "#domain/delivery/Endpoint.ts"
import { Region, TargetName, units } from "#domain/meta/Target.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { RotateSecret } from "./EndpointsApi.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { flag, instant, integer, listOf, located, nullable, text, uuid, word } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

/** Any name of an app; one that names none is answered with "there is no such app". */
export const appName = Schema.String.check(Schema.isMaxLength(255)).annotate({
  description:
    "Whose facts: an app of Meta, as META_APPS calls it (`default` is the one with variables of its own); a session source as `session.<its name>`; `own.devices`.",
  default: "default"
})

/** Where nothing else is said. */
export const defaults = { app: "default", unit: "change", timeoutMs: 15_000 } as const

const url = Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(2_048)).annotate({
  description:
    "Where to post: https at port 443 or 8443, or what OUTBOUND_ALLOW allows; encrypted where it is kept, as it may hold a secret.",
  examples: ["https://eu.example/whatsapp"]
})
const name = TargetName.annotate({
  description: "What routes call it, and what it is told in `x-destination-name`: 1 to 128 characters of ASCII.",
  examples: ["eu"]
})
const region = Schema.NullOr(Region).annotate({
  description:
    "Where it is, of one that is told of people by where they are: 1 to 32 of a-z, 0-9 and -; never of `raw`.",
  default: null
})
const timeoutMs = integer({ minimum: 100, maximum: 15_000 }, "How long an attempt may take.")
const gatewaySecret = Schema.String.check(Schema.isMaxLength(512)).annotate({
  description: "Of `raw` alone: what it is told in `x-gateway-secret`; empty: nothing. Encrypted where it is kept."
})
const unit = Schema.Literals(units).annotate({
  description:
    "`change`: it gets what routes lead there and nothing else, in Meta's shape, signed by this gateway. `raw`: it gets each request of which routes lead anything there, whole and unchanged, with Meta's signature.",
  default: defaults.unit
})

export const CreateTarget = Schema.Struct({
  app: Schema.optionalKey(appName),
  name,
  url,
  unit: Schema.optionalKey(unit),
  region: Schema.optionalKey(region),
  timeoutMs: Schema.optionalKey(timeoutMs.annotate({ default: defaults.timeoutMs })),
  gatewaySecret: Schema.optionalKey(gatewaySecret.annotate({ default: "" }))
})
  .check(
    Schema.makeFilter(
      ({ gatewaySecret = "", unit = defaults.unit }: { readonly gatewaySecret?: string; readonly unit?: string }) =>
        unit === "raw" || gatewaySecret === "",
      { expected: "gatewaySecret only with the unit raw" }
    )
  )
  .annotate({ identifier: "CreateTarget", description: "An address that routes may lead to." })

export const ChangeTarget = Schema.Struct({
  url: Schema.optionalKey(url),
  region: Schema.optionalKey(Schema.NullOr(Region).annotate({ description: "Where it is; `null`: it is in none." })),
  timeoutMs: Schema.optionalKey(timeoutMs),
  gatewaySecret: Schema.optionalKey(gatewaySecret),
  enabled: Schema.optionalKey(flag("Whether anything is delivered to it."))
}).annotate({ identifier: "ChangeTarget", description: "What shall be otherwise; what is absent stays." })

const SigningKey = Schema.Struct({
  publicKey: text("Verifies signatures that begin with `v1a`: Ed25519, as Standard Webhooks writes it, `whpk_…`."),
  until: nullable(instant("A moment."), "Until when it signs; `null` for the newest.")
}).annotate({ identifier: "TargetKey", description: "A key with which is signed what a target gets." })

const Target = Schema.Struct({
  id: uuid("Names the target."),
  app: text("Of which app of Meta it hears."),
  name: text("What routes call it."),
  url: Schema.optionalKey(text("Where it posts; absent without `routes:manage`, and when that can no longer be read.")),
  unit: word(units, "`change`: what routes lead there, and nothing else; `raw`: each such request, whole."),
  region: nullable(Schema.String, "Where it is, if it is told of people by where they are."),
  timeoutMs: integer({ minimum: 0, maximum: 60_000 }, "How long an attempt may take, in milliseconds."),
  state: Schema.Literals(["enabled", "disabled"]).annotate({ description: "Only to an `enabled` one is delivered." }),
  reason: Schema.NullOr(word(disablings, "A word for it.")).annotate({ description: "Why it is disabled, if it is." }),
  createdAt: instant("When it was added."),
  keys: Schema.Array(SigningKey).annotate({ description: "Those that sign now, newest first; of `raw` none." }),
  secret: Schema.optionalKey(
    text(
      "Of `change`: verifies signatures that begin with `v1`: `whsec_…`. Shown when it was made and never again, and absent in the answer to a request that is repeated."
    )
  )
}).annotate({ identifier: "Target", description: "An address that routes may lead to." })

const id = uuid("The target's id.")
const missing = [Problem("forbidden"), Problem("target_not_found")] as const

/** Where routes lead. */
export class TargetsApi extends HttpApiGroup.make("targets")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: keyed,
      payload: CreateTarget,
      success: HttpApiSchema.WithHeaders(Target.pipe(HttpApiSchema.status(201)), {
        ...answered,
        ...located("The target's path.")
      }),
      error: [
        ...withBody,
        Problem("forbidden"),
        Problem("address_refused"),
        Problem("app_not_found"),
        Problem("idempotency_conflict"),
        Problem("target_name_taken"),
        Problem("too_many_targets")
      ]
    })
      .annotate(RequiredScope, ["routes:manage"])
      .annotate(OpenApi.Summary, "Add a target; its secret is shown once"),
    HttpApiEndpoint.get("list", "/", {
      query: { app: Schema.optionalKey(appName.annotate({ description: "Those of this app; of all if absent." })) },
      success: listOf(Target, "TargetList", "Every target, oldest first."),
      error: [...anywhere, Problem("forbidden"), Problem("app_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:read"])
      .annotate(OpenApi.Summary, "Every target, oldest first"),
    HttpApiEndpoint.get("get", "/:id", { params: { id }, success: Target, error: [...anywhere, ...missing] })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:read"])
      .annotate(OpenApi.Summary, "A target, without its secret"),
    HttpApiEndpoint.patch("change", "/:id", {
      params: { id },
      payload: ChangeTarget,
      success: Target,
      error: [...withBody, ...missing, Problem("address_refused")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:manage"])
      .annotate(OpenApi.Summary, "Change a target, disable it or enable it again")
      .annotate(
        OpenApi.Description,
        "What waits for a disabled target goes on when it is enabled again; what is heard meanwhile is not delivered to it."
      ),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { id },
      success: HttpApiSchema.NoContent,
      error: [...withBody, ...missing, Problem("target_in_use")]
    })
      .annotate(RequiredScope, ["routes:manage"])
      .annotate(OpenApi.Summary, "Remove a target that no route leads to, and what waits for it"),
    HttpApiEndpoint.post("rotate", "/:id/rotate", {
      params: { id },
      headers: keyed,
      payload: RotateSecret,
      success: HttpApiSchema.WithHeaders(Target, answered),
      error: [...withBody, ...missing, Problem("idempotency_conflict"), Problem("target_signs_nothing")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:manage"])
      .annotate(OpenApi.Summary, "Sign with a new secret, and for a while with the old one too")
  )
  .middleware(Authorization)
  .prefix("/v1/targets")
  .annotate(OpenApi.Description, "Addresses that what apps of Meta hear may be led to.") {}
