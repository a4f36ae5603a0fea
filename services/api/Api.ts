import { HttpApi, OpenApi } from "effect/http-api"
import { AccessLogApi } from "./AccessLogApi.ts"
import { AgentsApi } from "./AgentsApi.ts"
import { AuditApi } from "./AuditApi.ts"
import { ChatsApi } from "./ChatsApi.ts"
import { ClientsApi } from "./ClientsApi.ts"
import { ContactsApi } from "./ContactsApi.ts"
import { ConversationsApi } from "./ConversationsApi.ts"
import { DeliveriesApi } from "./DeliveriesApi.ts"
import { DevicesApi } from "./DevicesApi.ts"
import { asSeenByClients } from "./Document.ts"
import { EndpointsApi } from "./EndpointsApi.ts"
import { ErasuresApi } from "./ErasuresApi.ts"
import { EventsApi } from "./EventsApi.ts"
import { GatewayKeysApi } from "./GatewayKeysApi.ts"
import { HealthApi, ProbesApi } from "./HealthApi.ts"
import { InboundApi } from "./InboundApi.ts"
import { LiveApi } from "./LiveApi.ts"
import { MessagesApi } from "./MessagesApi.ts"
import { MetaFactsApi } from "./MetaFactsApi.ts"
import { withRateLimitHeaders } from "./RateLimitHeaders.ts"
import { RoutesApi } from "./RoutesApi.ts"
import { withSecurity } from "./Security.ts"
import { SessionsApi } from "./SessionsApi.ts"
import { StatisticsApi } from "./StatisticsApi.ts"
import { TargetsApi } from "./TargetsApi.ts"

/** The whole front door, as data: the server, the OpenAPI document and the typed client are made from it. */
export class Api extends HttpApi.make("homing")
  .add(MessagesApi)
  .add(InboundApi)
  .add(MetaFactsApi)
  .add(ContactsApi)
  .add(ChatsApi)
  .add(ConversationsApi)
  .add(StatisticsApi)
  .add(EventsApi)
  .add(LiveApi)
  .add(DevicesApi)
  .add(AgentsApi)
  .add(GatewayKeysApi)
  .add(ClientsApi)
  .add(SessionsApi)
  .add(AccessLogApi)
  .add(EndpointsApi)
  .add(DeliveriesApi)
  .add(TargetsApi)
  .add(RoutesApi)
  .add(AuditApi)
  .add(ErasuresApi)
  .add(ProbesApi)
  .add(HealthApi)
  .annotate(OpenApi.Title, "Homing")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.License, { name: "MIT", identifier: "MIT" })
  .annotate(OpenApi.Servers, [
    { url: ".", description: "The gateway that serves this document, whatever path a proxy gave both." },
    { url: "http://127.0.0.1:4010", description: "A gateway on this machine that listens where it does by default." }
  ])
  .annotate(OpenApi.Transform, (document) => asSeenByClients(withRateLimitHeaders(withSecurity(document))))
  .annotate(
    OpenApi.Description,
    "A self-hosted WhatsApp gateway whose answers are recorded facts. Errors are RFC 9457 problems with a stable `code`."
  ) {}
