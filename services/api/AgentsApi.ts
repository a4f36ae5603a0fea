import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { AgentOffer, GatewayPin, PublicKeys } from "#domain/identity/Trust.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

export const AgentKey = Schema.Struct({
  keyId: PublicKeys.fields.keyId,
  /** The public key that its reports are checked with: Ed25519, 32 raw bytes, base64url. `keyId` is the start of its digest. */
  signing: PublicKeys.fields.signing,
  state: Schema.Literals(["active", "retired", "revoked"]),
  /** Of a retired key: what it signed is taken until then. */
  until: Schema.NullOr(Schema.String)
}).annotate({ identifier: "AgentKey" })

export const Agent = Schema.Struct({
  id: Schema.String,
  nkey: Schema.NullOr(Schema.String),
  /** The newest version of the wire's protocol that it speaks. */
  protocol: Schema.Number,
  /** When its last heartbeat came; they come every half minute. */
  lastHeardAt: Schema.NullOr(Schema.String),
  /** How far its machine's clock is behind the gateway's; over 30 000 either way is wrong, and harms nothing. */
  clockOffsetMs: Schema.NullOr(Schema.Number),
  /** How many commands it refused since it began: forged, altered, foreign or out of time. */
  refused: Schema.NullOr(Schema.Number),
  /** Whether it has pinned the gateway's keys as they are now. */
  upToDate: Schema.Boolean,
  /** Oldest first. */
  keys: Schema.Array(AgentKey)
}).annotate({ identifier: "Agent" })

/** Agents hold the WhatsApp sessions; what they sign is taken once they are enrolled. */
export class AgentsApi extends HttpApiGroup.make("agents")
  .add(
    HttpApiEndpoint.post("enrol", "/", {
      payload: AgentOffer,
      success: GatewayPin.pipe(HttpApiSchema.status(201)),
      error: [...withBody, Problem("key_revoked")]
    }).annotate(OpenApi.Summary, "Enrol an agent, or new keys of one; answers what the agent is to trust"),
    HttpApiEndpoint.get("list", "/", {
      success: Schema.Struct({ items: Schema.Array(Agent) }),
      error: anywhere
    })
      .annotate(OpenApi.Summary, "Every agent that was enrolled")
      .annotate(ShowsViews, "trust"),
    HttpApiEndpoint.delete("revokeKey", "/:id/keys/:key", {
      params: { id: Schema.String, key: Schema.String },
      success: HttpApiSchema.NoContent,
      error: [...anywhere, Problem("agent_not_found"), Problem("key_not_found")]
    }).annotate(OpenApi.Summary, "Revoke a key of an agent: what it signs is refused from the answer on")
  )
  .annotateEndpoints(RequiredScope, ["admin"])
  .middleware(Authorization)
  .prefix("/v1/agents")
  .annotate(OpenApi.Description, "The processes that hold WhatsApp, and whose signatures are believed.") {}
