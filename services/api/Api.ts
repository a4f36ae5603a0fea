import { HttpApi, OpenApi } from "effect/http-api"
import { AgentsApi } from "./AgentsApi.ts"
import { ClientsApi } from "./ClientsApi.ts"
import { DevicesApi } from "./DevicesApi.ts"
import { GatewayKeysApi } from "./GatewayKeysApi.ts"
import { HealthApi, ProbesApi } from "./HealthApi.ts"
import { MessagesApi } from "./MessagesApi.ts"
import { withRateLimitHeaders } from "./RateLimitHeaders.ts"
import { withSecurity } from "./Security.ts"

/** The whole front door, as data: the server, the OpenAPI document and the typed client are made from it. */
export class Api extends HttpApi.make("homing")
  .add(MessagesApi)
  .add(DevicesApi)
  .add(AgentsApi)
  .add(GatewayKeysApi)
  .add(ClientsApi)
  .add(ProbesApi)
  .add(HealthApi)
  .annotate(OpenApi.Title, "Homing")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Servers, [{ url: "." }]) // beside the document, whatever path a proxy gave both
  .annotate(OpenApi.Transform, (document) => withRateLimitHeaders(withSecurity(document)))
  .annotate(
    OpenApi.Description,
    "A self-hosted WhatsApp gateway whose answers are recorded facts. Errors are RFC 9457 problems with a stable `code`."
  ) {}
