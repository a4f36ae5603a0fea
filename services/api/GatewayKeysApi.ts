import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { flag, instant, integer, listOf, nullable, text } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

/** 30 days. */
export const defaultOverlapSeconds = 2_592_000

const ActivateKey = Schema.Struct({
  force: Schema.optionalKey(
    flag("Also while an agent has not heard of the key: it then refuses commands until it was told by hand.").annotate({
      default: false
    })
  ),
  overlapSeconds: Schema.optionalKey(
    integer({ minimum: 0, maximum: 31_536_000 }, "How long agents take what the key before signed.").annotate({
      default: defaultOverlapSeconds
    })
  )
}).annotate({ identifier: "ActivateKey", description: "How to exchange the key that signs." })

const GatewayKey = Schema.Struct({
  keyId: text("The start of the digest of the public key."),
  signing: Schema.String.annotate({
    description: "The public key that agents have pinned: Ed25519, 32 bytes.",
    contentEncoding: "base64url"
  }),
  state: Schema.Literals(["active", "next", "retired", "revoked"]).annotate({
    description:
      "`active` signs; `next` will; `retired` signs no more and is taken until `until`; `revoked` is not taken."
  }),
  until: nullable(instant("A moment."), "Of a retired key: what it signed is taken until then.")
}).annotate({ identifier: "GatewayKey", description: "A key with which the gateway signs." })

const keyInPath = { params: { key: text("The key's id.") } } as const

/** The keys with which the gateway signs commands. Exchanging one is two steps, so that no agent is taken unawares. */
export class GatewayKeysApi extends HttpApiGroup.make("gatewayKeys")
  .add(
    HttpApiEndpoint.get("list", "/", {
      success: listOf(GatewayKey, "GatewayKeyList", "Every key, oldest first."),
      error: anywhere
    })
      .annotate(OpenApi.Summary, "Every key, oldest first")
      .annotate(ShowsViews, "trust"),
    HttpApiEndpoint.post("prepare", "/", {
      success: GatewayKey.pipe(HttpApiSchema.status(201)),
      error: withBody
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
      error: [...withBody, Problem("key_not_found"), Problem("key_in_use")]
    }).annotate(OpenApi.Summary, "Revoke a key: agents that hear of it take nothing of it any more")
  )
  .annotateEndpoints(RequiredScope, ["admin"])
  .middleware(Authorization)
  .prefix("/v1/gateway-keys")
  .annotate(OpenApi.Description, "The gateway's own signing keys.") {}
