import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Scope } from "#domain/access/Scopes.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { Name } from "./FreeText.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

const Scopes = Schema.Array(Scope).check(Schema.isMinLength(1), Schema.isMaxLength(16))

const tenYears = 315_360_000
const thirtyDays = 2_592_000

const expiresInSeconds = Schema.optionalKey(
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: tenYears })).annotate({
    description: "How long the key is good; without it, until it is revoked."
  })
)

/** Of a key: a client may have several. */
const keyName = Schema.optionalKey(Name)

const CreateClient = Schema.Struct({
  name: Name,
  keyName,
  scopes: Scopes,
  expiresInSeconds
}).annotate({ identifier: "CreateClient" })

const IssueKey = Schema.Struct({ name: keyName, scopes: Scopes, expiresInSeconds }).annotate({ identifier: "IssueKey" })

const RotateKey = Schema.Struct({
  overlapSeconds: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: thirtyDays })).annotate({
      description: "How long the old key stays good; a day, if it is not said."
    })
  ),
  expiresInSeconds
}).annotate({ identifier: "RotateKey" })

const Key = Schema.Struct({
  id: Schema.String,
  name: Schema.optionalKey(Schema.String),
  issuedAt: Schema.String,
  lastUsedAt: Schema.optionalKey(
    Schema.String.annotate({ description: "Exact to five minutes; absent when no use is known." })
  ),
  scopes: Schema.Array(Scope),
  state: Schema.Literals(["active", "expired", "revoked"]),
  expiresAt: Schema.optionalKey(Schema.String),
  replacedBy: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Key" })

const NewKey = Schema.Struct({
  id: Schema.String,
  /** Shown here and never again: absent in the answer to a request that is repeated. */
  secret: Schema.optionalKey(Schema.String),
  scopes: Schema.Array(Scope),
  expiresAt: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "NewKey" })

const RotatedKey = Schema.Struct({
  key: NewKey,
  replaces: Schema.Struct({ id: Schema.String, expiresAt: Schema.String })
}).annotate({ identifier: "RotatedKey" })

const Client = Schema.Struct({
  id: Schema.String,
  name: Schema.optionalKey(Schema.String),
  createdAt: Schema.String,
  keys: Schema.Array(Key)
}).annotate({ identifier: "Client" })

const created = { ...answered, location: Schema.String }

/** A client is whoever calls this API; it owns several keys, so that one can be exchanged for another. */
export class ClientsApi extends HttpApiGroup.make("clients")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: keyed,
      payload: CreateClient,
      success: HttpApiSchema.WithHeaders(
        Schema.Struct({ id: Schema.String, name: Schema.String, key: NewKey }).pipe(HttpApiSchema.status(201)),
        created
      ),
      error: [...withBody, Problem("idempotency_conflict")]
    }).annotate(OpenApi.Summary, "Create a client and its first key"),
    HttpApiEndpoint.get("list", "/", {
      success: Schema.Struct({ items: Schema.Array(Client) }),
      error: anywhere
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Every client, oldest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: Schema.String },
      success: Client,
      error: [...anywhere, Problem("client_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "A client and its keys"),
    HttpApiEndpoint.post("issueKey", "/:id/keys", {
      params: { id: Schema.String },
      headers: keyed,
      payload: IssueKey,
      success: HttpApiSchema.WithHeaders(NewKey.pipe(HttpApiSchema.status(201)), answered),
      error: [...withBody, Problem("idempotency_conflict"), Problem("client_not_found")]
    }).annotate(OpenApi.Summary, "Issue another key"),
    HttpApiEndpoint.post("rotateKey", "/:id/keys/:key/rotate", {
      params: { id: Schema.String, key: Schema.String },
      headers: keyed,
      payload: RotateKey,
      success: HttpApiSchema.WithHeaders(RotatedKey.pipe(HttpApiSchema.status(201)), answered),
      error: [
        ...withBody,
        Problem("idempotency_conflict"),
        Problem("client_not_found"),
        Problem("key_not_found"),
        Problem("key_not_active"),
        Problem("last_administrator")
      ]
    })
      .annotate(OpenApi.Summary, "Issue a key in the place of this one, which stays good for a while")
      .annotate(
        OpenApi.Description,
        "The new key has the scopes and the name of the old one. A request that is repeated under its idempotency key is answered " +
          "without the secret; under another one it issues one more, and the old key never stays good longer than the first said."
      ),
    HttpApiEndpoint.delete("revokeKey", "/:id/keys/:key", {
      params: { id: Schema.String, key: Schema.String },
      success: HttpApiSchema.NoContent,
      error: [...anywhere, Problem("client_not_found"), Problem("key_not_found"), Problem("last_administrator")]
    }).annotate(OpenApi.Summary, "Revoke a key: it is refused from the answer on")
  )
  .annotateEndpoints(RequiredScope, ["admin"])
  .middleware(Authorization)
  .prefix("/v1/clients")
  .annotate(OpenApi.Description, "Who may call this API, and with which keys.") {}
