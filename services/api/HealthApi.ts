import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { connections } from "#domain/device/Link.ts"
import { Authorization, RequiredScope, ToldAnyway } from "./Authorization.ts"
import type { ErrorCode } from "./ErrorCodes.ts"
import { count, flag, nullable, text } from "./Members.ts"
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

/** What somebody should look after, although the gateway is of use. */
const warnings = [
  "device_disconnected",
  "device_logged_out",
  "device_not_paired",
  "agent_silent",
  "agent_clock_off",
  "agent_ledger",
  "bus_storage",
  "bus_events",
  "endpoint_failing",
  "target_failing",
  "endpoint_disabled",
  "archive_behind",
  "audit_contradiction",
  "audit_witness_refused"
] as const

const Alive = Schema.Struct({
  status: Schema.Literal("ok").annotate({ description: "Nothing else is said." })
}).annotate({ identifier: "Alive", description: "It is." })

const promise = text("What it promises in this installation, in a sentence.")
const bytes = count("Bytes.")

export const Details = Schema.Struct({
  status: Schema.Literals(["ok", "starting", "degraded"]).annotate({ description: "`ok`: it can do its part." }),
  reason: nullable(Schema.Literals(reasons), "What `/health/ready` would say; `null` when it is ready."),
  warnings: Schema.Array(Schema.Literals(warnings)).annotate({
    description: "Why it is `degraded` although it is ready."
  }),
  version: text("The release of this gateway."),
  uptimeSeconds: count("How long the process has been running."),
  memory: Schema.Struct({ rssBytes: bytes, heapUsedBytes: bytes }).annotate({
    description: "What the process holds: all of it, and what is in use of JavaScript's part."
  }),
  store: Schema.Struct({ reachable: flag("Whether it answers."), promise }).annotate({
    description: "What the log is kept in."
  }),
  bus: Schema.Struct({
    promise,
    shortage: nullable(Schema.String, "What the bus refuses to make room for, and what it lacks."),
    events: nullable(Schema.String, "Why this gateway publishes no events on it, while that is so.")
  }).annotate({ description: "What carries envelopes between gateway and agents." }),
  views: Schema.Struct({
    caughtUp: flag("Whether all is in memory that stood in the log a moment ago."),
    position: nullable(Schema.String, "How far the log was read."),
    remade: nullable(
      Schema.Struct({
        views: Schema.Array(Schema.String).annotate({ description: "Which." }),
        position: nullable(Schema.String, "How far they are."),
        upTo: nullable(Schema.String, "How far they have to come.")
      }),
      "Rows that this gateway makes anew beside those that are read meanwhile, if it does."
    )
  }).annotate({ description: "What is kept in memory of the log." }),
  devices: Schema.Record(Schema.Literals(connections), count("How many devices stand so.")).annotate({
    description: "The devices, by their state."
  }),
  agents: Schema.Struct({
    heard: count("Heard within the last minute and a half."),
    silent: count("Enrolled and not heard for longer, since this gateway knows of them."),
    clockOff: count("Of those heard, how many have a wrong clock.")
  }).annotate({ description: "The agents." })
}).annotate({ identifier: "HealthDetails", description: "How the gateway is, part by part." })

/** For whatever watches this process; tells nothing about anybody. */
export class ProbesApi extends HttpApiGroup.make("probes")
  .add(
    HttpApiEndpoint.get("alive", "/health", { success: Alive }).annotate(OpenApi.Summary, "The process answers"),
    HttpApiEndpoint.get("ready", "/health/ready", {
      success: Alive,
      error: [...reasons, "shutting_down" as const].map((reason) => Problem(reason))
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
