import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { causes, places } from "#domain/privacy/Erasure.ts"
import { Authorization, RequiredScope, ShowsViews, WrittenDown } from "./Authorization.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { count, instant, located, nullable, text, uuid, word } from "./Members.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

const named = (description: string) => text(description).check(Schema.isNonEmpty(), Schema.isMaxLength(255))

/** One of these names them; all others that are known for the same person go with it. */
export const Person = Schema.Struct({
  phone: Schema.optionalKey(
    Schema.String.check(Schema.isMaxLength(64)).annotate({
      description: "A phone number with its country code: +… or 00…. No country is assumed for what cannot be undone.",
      examples: ["+60123456789"]
    })
  ),
  lid: Schema.optionalKey(named("WhatsApp's other name of them: the digits before `@lid`.")),
  bsuid: Schema.optionalKey(named("Meta's id of them: `US.…`.")),
  contact: Schema.optionalKey(uuid("The id of a contact.").check(Schema.isMaxLength(255)))
}).annotate({
  identifier: "PersonToErase",
  description: "Who is meant, by exactly one of these.",
  examples: [{ phone: "+60123456789" }]
})

export const erasureCounts = {
  keys: count("Data keys: what was sealed under them reads as erased."),
  requests: count("Requests of Meta's and of session sources, of which the raw bytes named the person."),
  texts: count("What was told of the person at length, kept in bytes of its own.")
}

const Left = Schema.Struct({
  place: word(
    places,
    "`agents`: the ledgers of agents, encrypted, and the sessions of devices; `events`: what stands on NATS for other services; " +
      "`archive`: what was archived; `requests`: raw bytes of other requests, until their time is over: they may repeat what an earlier one had told; `receivers`: what endpoints, targets " +
      "and readers of events were told; `others`: what others said about the person, and accounts to groups; `backups`: copies from before."
  ),
  until: Schema.optionalKey(instant("When it is gone by itself, where that is known."))
}).annotate({ identifier: "ErasureLeft", description: "What an erasure does not reach." })
export const ErasureLeft = Schema.Array(Left).annotate({
  description: "What is left, where, and until when; empty until it is done."
})

export const erasedNames = Schema.Array(Schema.String).annotate({
  description: "Every name of the person's, as keyed digests: the same as in `names` of contacts and facts."
})

const Erasure = Schema.Struct({
  id: uuid("Names the erasure."),
  state: Schema.Literals(["requested", "running", "done"]).annotate({
    description: "`requested`: nothing is destroyed yet; `running`: some is; `done`: all that can be reached is."
  }),
  cause: word(causes, "Why: `asked`, somebody asked for it; `age`, as the settings say."),
  by: Schema.Struct({
    kind: word(["api_key", "gateway"], "What asked for it."),
    id: text("The key's id, or what in the gateway did.")
  }).annotate({ description: "Who asked for it." }),
  names: erasedNames,
  ...erasureCounts,
  left: ErasureLeft,
  requestedAt: instant("When it was asked for."),
  doneAt: nullable(instant("A moment."), "When it was done; `null` before.")
}).annotate({ identifier: "Erasure", description: "One person's data, destroyed for good." })

const Preview = Schema.Struct({
  names: erasedNames,
  ...erasureCounts
}).annotate({ identifier: "ErasurePreview", description: "What an erasure would destroy now." })

const ErasurePage = Schema.Struct({
  items: Schema.Array(Erasure).annotate({ description: "Newest first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "ErasurePage", description: "Some of the erasures." })

export const erasurePageSizes = { minimum: 1, maximum: 200, default: 50 } as const
const refusals = [Problem("forbidden"), Problem("invalid_number"), Problem("contact_not_found")] as const

/** People's data, destroyed for good. */
export class ErasuresApi extends HttpApiGroup.make("erasures")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: keyed,
      payload: Person,
      success: HttpApiSchema.WithHeaders(Erasure.pipe(HttpApiSchema.status(202)), {
        ...answered,
        ...located("The erasure's path.")
      }),
      error: [...withBody, ...refusals, Problem("idempotency_conflict")]
    })
      .annotate(ShowsViews, "rows")
      .annotate(WrittenDown, { deed: "erased", of: "people" })
      .annotate(OpenApi.Summary, "Erase a person: by whatever name, under all of their names")
      .annotate(
        OpenApi.Description,
        "It is durable when it is answered, and carried out within seconds; ask for it until it is `done`. Whoever writes again afterwards is heard again."
      ),
    HttpApiEndpoint.post("preview", "/preview", {
      payload: Person,
      success: Preview,
      error: [...withBody, ...refusals]
    })
      .annotate(ShowsViews, "rows")
      .annotate(OpenApi.Summary, "What an erasure would destroy; nothing is recorded"),
    HttpApiEndpoint.get("list", "/", {
      query: paging(erasurePageSizes),
      success: ErasurePage,
      error: [...anywhere, Problem("forbidden")]
    })
      .annotate(...pagingAs(erasurePageSizes))
      .annotate(ShowsViews, "rows")
      .annotate(OpenApi.Summary, "Every erasure, newest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: uuid("The erasure's id.") },
      success: Erasure,
      error: [...anywhere, Problem("forbidden"), Problem("erasure_not_found")]
    }).annotate(OpenApi.Summary, "An erasure: what was destroyed, and what is left where")
  )
  .annotateEndpoints(RequiredScope, ["erasures:manage"])
  .middleware(Authorization)
  .prefix("/v1/erasures")
  .annotate(OpenApi.Description, "People's data, destroyed for good.") {}
