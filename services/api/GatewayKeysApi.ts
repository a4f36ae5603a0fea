import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { PublicKeys } from "#domain/identity/Trust.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

const ActivateKey = Schema.Struct({
  /** Also while an agent has not heard of the key: it then refuses commands until it was told by hand. */
  force: Schema.optionalKey(Schema.Boolean),
  /** How long agents take what the key before signed; 30 days by default. */
  overlapSeconds: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 31_536_000 })))
}).annotate({ identifier: "ActivateKey" })

const GatewayKey = Schema.Struct({
  keyId: PublicKeys.fields.keyId,
  /** The public key, Ed25519, 32 raw bytes, base64url: what agents have pinned. */
  signing: PublicKeys.fields.signing,
  /** `active` signs; `next` will; `retired` signs no more and is taken until `until`; `revoked` is not taken. */
  state: Schema.Literals(["active", "next", "retired", "revoked"]),
  until: Schema.NullOr(Schema.String)
}).annotate({ identifier: "GatewayKey" })

const keyInPath = { params: { key: Schema.String } } as const

/** The keys with which the gateway signs commands. Exchanging one is two steps, so that no agent is taken unawares. */
export class GatewayKeysApi extends HttpApiGroup.make("gatewayKeys")
  .add(
    HttpApiEndpoint.get("list", "/", {
      success: Schema.Struct({ items: Schema.Array(GatewayKey) }),
      error: anywhere
    })
      .annotate(OpenApi.Summary, "Every key, oldest first")
      .annotate(ShowsViews, "trust"),
    HttpApiEndpoint.post("prepare", "/", {
      success: GatewayKey.pipe(HttpApiSchema.status(201)),
      error: anywhere
    }).annotate(OpenApi.Summary, "Make the next key, if there is none, and announce it to the agents"),
    HttpApiEndpoint.post("activate", "/:key/activate", {
      ...keyInPath,
      payload: ActivateKey,
      success: GatewayKey,
      error: [...withBody, Problem("key_not_found"), Problem("key_revoked"), Problem("agents_unaware")]
    }).annotate(OpenApi.Summary, "Sign with this key from now on"),
    HttpApiEndpoint.delete("revoke", "/:key", {
      ...keyInPath,
      success: HttpApiSchema.NoContent,
      error: [...anywhere, Problem("key_not_found"), Problem("key_in_use")]
    }).annotate(OpenApi.Summary, "Revoke a key: agents that hear of it take nothing of it any more")
  )
  .annotateEndpoints(RequiredScope, ["admin"])
  .middleware(Authorization)
  .prefix("/v1/gateway-keys")
  .annotate(OpenApi.Description, "The gateway's own signing keys.") {}
