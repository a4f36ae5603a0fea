import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { TargetName, units } from "#domain/meta/Target.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { nullable, text, word } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"
import { appName } from "./TargetsApi.ts"

const most = 8
const names = Schema.Array(TargetName)
  .check(Schema.isMinLength(1), Schema.isMaxLength(most))
  .annotate({ description: "Names of targets." })

const rules = (key: RegExp, keys: string, description: string) =>
  Schema.Record(Schema.String, names)
    .check(
      Schema.makeFilter(
        (some: Readonly<Record<string, ReadonlyArray<string>>>) => Object.keys(some).every((one) => key.test(one)),
        { expected: keys, toJsonSchema: () => ({ propertyNames: { pattern: key.source } }) }
      )
    )
    .annotate({ description })

const word64 = /^[A-Za-z0-9][\w.:-]{0,63}$/
const table = {
  fields: rules(
    word64,
    "fields of Meta, as it writes them",
    "By the field of the change: `messages`, `account_update` …"
  ),
  accounts: rules(
    word64,
    "ids of Meta",
    "By the id of a phone number or of a WhatsApp Business Account; the number's counts first. Targets with the unit `change` alone."
  ),
  prefixes: rules(
    /^[1-9]\d{0,14}$/,
    "1 to 15 digits, without + and without a 0 before them",
    "By how the person's number begins, in digits: the longest counts. Targets with the unit `change` alone."
  ),
  countries: rules(
    /^[A-Z]{2}$/,
    "two capitals",
    "Of people without a number, by the country in what Meta calls them. Targets with the unit `change` alone."
  ),
  others: Schema.Array(TargetName)
    .check(Schema.isMaxLength(most))
    .annotate({ description: "Where goes what no rule leads anywhere; empty: nowhere." })
}

export const SetRoutes = Schema.Struct({
  version: Schema.optionalKey(
    nullable(
      Schema.String.check(Schema.isMaxLength(64)),
      "As it was read: if the routes were set anew since, nothing is changed, and the answer is `409 routes_changed`. Absent: they are set whatever there is."
    )
  ),
  fields: Schema.optionalKey(table.fields.annotate({ default: {} })),
  accounts: Schema.optionalKey(table.accounts.annotate({ default: {} })),
  prefixes: Schema.optionalKey(table.prefixes.annotate({ default: {} })),
  countries: Schema.optionalKey(table.countries.annotate({ default: {} })),
  others: Schema.optionalKey(table.others.annotate({ default: [] }))
}).annotate({
  identifier: "SetRoutes",
  description: "Every rule, from the names of targets; what is absent leads nowhere."
})

const mode = nullable(
  word(
    ["durable", "sync"],
    "`durable`: what is heard is kept, and delivered as routes say. `sync`: it is handed on while Meta waits, to whom the gateway's environment says."
  ),
  "What becomes of what the app hears; `null`: this gateway does not serve it."
)
const app = text("Whose facts they lead.")

const answerRules = (description: string) =>
  Schema.Record(Schema.String, Schema.Array(Schema.String)).annotate({ description })
const Routes = Schema.Struct({
  app,
  mode,
  version: nullable(Schema.String, "Which these are, to be said when others are set; `null`: none were set yet."),
  fields: answerRules("By the field of the change."),
  accounts: answerRules("By the id of a phone number or of a WhatsApp Business Account."),
  prefixes: answerRules("By how the person's number begins: the longest counts."),
  countries: answerRules("Of people without a number, by their country."),
  others: Schema.Array(Schema.String).annotate({ description: "Where goes what no rule leads anywhere." })
}).annotate({
  identifier: "Routes",
  description:
    "Which rule leads where; of several that fit, the first of fields, accounts, prefixes and countries counts."
})

const Told = Schema.Struct({
  name: text("What routes call it."),
  unit: word(units, "`change` or `raw`."),
  region: nullable(Schema.String, "Where it is, if that is said."),
  state: Schema.Literals(["enabled", "disabled"]).annotate({ description: "To a `disabled` one nothing is delivered." })
}).annotate({ identifier: "ExplainedTarget", description: "A target that would be told." })

const Change = Schema.Struct({
  kind: text("What it is: `message`, `status` …"),
  field: text("Of the change, as Meta says it."),
  account: nullable(Schema.String, "The WhatsApp Business Account."),
  phoneNumberId: nullable(Schema.String, "The number within it."),
  by: word(["field", "account", "prefix", "country", "default"], "The rule that counted."),
  matched: text("What the rule went by; empty for `default`."),
  targets: Schema.Array(Told).annotate({ description: "Where that leads." })
}).annotate({ identifier: "ExplainedChange", description: "A piece of the request, and where it would go." })

const Explanation = Schema.Struct({
  app,
  mode,
  changes: Schema.Array(Change).annotate({ description: "Every piece of the request, in its order." }),
  whole: Schema.Array(Told).annotate({ description: "Who would take the request whole." })
}).annotate({ identifier: "RoutesExplanation", description: "Where a request of Meta's would go." })

const query = { app: Schema.optionalKey(appName) }
const missing = [Problem("forbidden"), Problem("app_not_found")] as const
const setting = [...withBody, ...missing, Problem("routes_changed")] as const

/** Which rules lead what apps of Meta hear to which targets. */
export class RoutesApi extends HttpApiGroup.make("routes")
  .add(
    HttpApiEndpoint.get("get", "/", { query, success: Routes, error: [...anywhere, ...missing] })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:read"])
      .annotate(OpenApi.Summary, "The routes of an app"),
    HttpApiEndpoint.put("set", "/", { query, payload: SetRoutes, success: Routes, error: setting })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:manage"])
      .annotate(OpenApi.Summary, "Set the routes of an app, all at once")
      .annotate(OpenApi.Description, "They hold for what is heard from then on."),
    HttpApiEndpoint.post("explain", "/explain", {
      query,
      payload: Schema.Record(Schema.String, Schema.Unknown).annotate({
        description:
          "A request as Meta posts it: `object`, `entry` …; of a session source what that posts; of devices a public event. At most 512 KiB."
      }),
      success: Explanation,
      error: [...withBody, ...missing]
    })
      .annotate(ShowsViews, "memory")
      .annotate(RequiredScope, ["routes:read"])
      .annotate(OpenApi.Summary, "Where a request of Meta's would go, and by which rules")
      .annotate(OpenApi.Description, "Nothing of it is kept, logged or delivered.")
  )
  .middleware(Authorization)
  .prefix("/v1/routes")
  .annotate(OpenApi.Description, "Which rules lead what apps of Meta hear to which targets.") {}
