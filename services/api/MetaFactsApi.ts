import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Authorization, CountsAs, RequiredScope, WrittenDown } from "./Authorization.ts"
import { uuid } from "./Members.ts"
import { MetaFact } from "./MetaFacts.ts"
import { anywhere, Problem } from "./Problems.ts"

export class MetaFactsApi extends HttpApiGroup.make("metaFacts")
  .add(
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: uuid("The fact's id: the `subject` of the event that told it.") },
      success: MetaFact,
      error: [...anywhere, Problem("inbound_not_found")]
    })
      .annotate(RequiredScope, ["messages:read:all"])
      .annotate(OpenApi.Summary, "One thing that Meta told, as its event tells it")
  )
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "meta" })
  .middleware(Authorization)
  .prefix("/v1/meta/facts")
  .annotate(OpenApi.Description, "Read back what Meta told.") {}
