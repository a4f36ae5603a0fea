import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { AgentOffer, GatewayPin } from "#domain/identity/Trust.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { count, flag, instant, listOf, nullable, signed, text } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

export const AgentKey = Schema.Struct({
  keyId: text("The start of the digest of the public key."),
  signing: Schema.String.annotate({
    description: "The public key that its reports are checked with: Ed25519, 32 bytes.",
    contentEncoding: "base64url"
  }),
  state: Schema.Literals(["active", "retired", "revoked"]).annotate({
    description: "`active` signs; `retired` signs no more and is taken until `until`; `revoked` is not taken."
  }),
  until: nullable(instant("A moment."), "Of a retired key: what it signed is taken until then.")
}).annotate({ identifier: "AgentKey", description: "A key with which an agent signs." })

export const Agent = Schema.Struct({
  id: text("Its AGENT_ID."),
  nkey: nullable(Schema.String, "As whom it signs in at NATS."),
  protocol: count("The newest version of the wire's protocol that it speaks."),
  lastHeardAt: nullable(instant("A moment."), "When its last heartbeat came; they come every half minute."),
  clockOffsetMs: nullable(
    signed("Milliseconds."),
    "How far its machine's clock is behind the gateway's; over 30 000 either way is wrong, and harms nothing."
  ),
  refused: nullable(
    Schema.Natural,
    "How many commands it refused, and words of WhatsApp it did not believe, since it began."
  ),
  upToDate: flag("Whether it has pinned the gateway's keys as they are now."),
  keys: Schema.Array(AgentKey).annotate({ description: "Oldest first." })
}).annotate({ identifier: "Agent", description: "A process that holds WhatsApp sessions." })

/** Agents hold the WhatsApp sessions; what they sign is taken once they are enrolled. */
export class AgentsApi extends HttpApiGroup.make("agents")
  .add(
    HttpApiEndpoint.post("enrol", "/", {
      payload: AgentOffer,
      success: GatewayPin.pipe(HttpApiSchema.status(201)),
      error: [...withBody, Problem("key_revoked")]
    }).annotate(OpenApi.Summary, "Enrol an agent, or new keys of one; answers what the agent is to trust"),
    HttpApiEndpoint.get("list", "/", {
      success: listOf(Agent, "AgentList", "Every agent that was enrolled."),
      error: anywhere
    })
      .annotate(OpenApi.Summary, "Every agent that was enrolled")
      .annotate(ShowsViews, "trust"),
    HttpApiEndpoint.delete("revokeKey", "/:id/keys/:key", {
      params: { id: text("The agent's id."), key: text("The key's id.") },
      success: HttpApiSchema.NoContent,
      error: [...withBody, Problem("agent_not_found"), Problem("key_not_found")]
    }).annotate(OpenApi.Summary, "Revoke a key of an agent: what it signs is refused from the answer on")
  )
  .annotateEndpoints(RequiredScope, ["admin"])
  .middleware(Authorization)
  .prefix("/v1/agents")
  .annotate(OpenApi.Description, "The processes that hold WhatsApp, and whose signatures are believed.") {}
