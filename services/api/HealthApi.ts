import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { connections } from "#domain/device/Link.ts"
import { Authorization, RequiredScope, ToldAnyway } from "./Authorization.ts"
import type { ErrorCode } from "./ErrorCodes.ts"
import { anywhere, Problem } from "./Problems.ts"

/** Why a gateway is of no use. */
const reasons = [
  "clock_off",
  "store_unavailable",
  "bus_unavailable",
  "no_signing_key",
  "database_unavailable",
  "starting",
  "out_of_date"
] as const satisfies ReadonlyArray<ErrorCode>

const Alive = Schema.Struct({ status: Schema.Literal("ok") })

export const Details = Schema.Struct({
  status: Schema.Literals(["ok", "starting", "degraded"]),
  /** What `/health/ready` would say; `null` when it is ready. */
  reason: Schema.NullOr(Schema.Literals(reasons)),
  version: Schema.String,
  uptimeSeconds: Schema.Number,
  memory: Schema.Struct({ rssBytes: Schema.Number, heapUsedBytes: Schema.Number }),
  /** What the store and the bus of this installation promise, in a sentence each. */
  store: Schema.Struct({ reachable: Schema.Boolean, promise: Schema.String }),
  bus: Schema.Struct({ promise: Schema.String }),
  views: Schema.Struct({ caughtUp: Schema.Boolean, position: Schema.NullOr(Schema.String) }),
  devices: Schema.Record(Schema.Literals(connections), Schema.Number),
  /** `silent`: not heard for a minute and a half. `clockOff`: of those heard, how many have a wrong clock. */
  agents: Schema.Struct({ heard: Schema.Number, silent: Schema.Number, clockOff: Schema.Number })
}).annotate({ identifier: "HealthDetails" })

/** For whatever watches this process; tells nothing about anybody. */
export class ProbesApi extends HttpApiGroup.make("probes")
  .add(
    HttpApiEndpoint.get("alive", "/health", { success: Alive }).annotate(OpenApi.Summary, "The process answers"),
    HttpApiEndpoint.get("ready", "/health/ready", {
      success: Alive,
      error: reasons.map((reason) => Problem(reason))
    }).annotate(OpenApi.Summary, "It is of use: it can do its part, and the views have caught up")
  )
  .annotate(OpenApi.Description, "Probes, without a key.") {}

/** For whoever runs it. */
export class HealthApi extends HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("detailed", "/health/detailed", { success: Details, error: anywhere }).annotate(
      OpenApi.Summary,
      "How it is, part by part"
    ),
    HttpApiEndpoint.get("metrics", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4" })),
      error: anywhere
    }).annotate(OpenApi.Summary, "Prometheus metrics")
  )
  .middleware(Authorization)
  .annotateEndpoints(RequiredScope, ["metrics:read"])
  .annotateEndpoints(ToldAnyway, true)
  .annotate(OpenApi.Description, "How the gateway is.") {}
