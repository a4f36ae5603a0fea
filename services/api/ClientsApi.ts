import { Schema, SchemaGetter } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { inOrder, Scope } from "#domain/access/Scopes.ts"
import { DeviceId } from "#domain/Ids.ts"
import { Authorization, RequiredScope, ShowsViews } from "./Authorization.ts"
import { Name } from "./FreeText.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { instant, integer, listOf, located, nullable, text, uuid } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

/** A set: who names a scope twice, or others first, asks for the same. */
const Scopes = Schema.Array(Scope)
  .check(Schema.isMinLength(1), Schema.isMaxLength(16))
  .annotate({ description: "What the key may do, in any order; `admin` includes the others." })
  .pipe(Schema.decode({ decode: SchemaGetter.transform(inOrder), encode: SchemaGetter.passthrough() }))
const scopes = Schema.Array(Scope).annotate({ description: "What the key may do." })

const tenYears = 315_360_000
const thirtyDays = 2_592_000

/** A day. */
export const defaultOverlapSeconds = 86_400

const expiresInSeconds = Schema.optionalKey(
  integer({ minimum: 1, maximum: tenYears }, "How long the key is good; without it, until it is revoked.")
)
const expiresAt = Schema.optionalKey(instant("When it expires, if it does."))
const keyId = text("Names the key; no secret.")

/** Of a key: a client may have several. */
const keyName = Schema.optionalKey(Name)

const isDeviceId = Schema.makeFilter(Schema.is(DeviceId), { expected: "a device's id" })
const deviceId = uuid("A device's id.").check(isDeviceId).pipe(Schema.brand("DeviceId"))
const devices = Schema.Array(deviceId)
const inOneOrder = (ids: ReadonlyArray<DeviceId>) => [...new Set(ids)].toSorted()
/** A set as well. */
const someDevices = devices
  .check(Schema.isMaxLength(256))
  .annotate({ description: "The devices that its keys may use; where there is no list, all of them." })
  .pipe(Schema.decode({ decode: SchemaGetter.transform(inOneOrder), encode: SchemaGetter.passthrough() }))

const CreateClient = Schema.Struct({
  name: Name,
  devices: Schema.optionalKey(
    nullable(someDevices, "The devices that its keys may use; `null`, as at first: all of them.")
  ),
  keyName,
  scopes: Scopes,
  expiresInSeconds
}).annotate({ identifier: "CreateClient", description: "A client, and what its first key may do." })

const LimitClient = Schema.Struct({
  devices: nullable(someDevices, "The devices that its keys may use from now on; `null`: all of them.")
}).annotate({ identifier: "LimitClient", description: "What a client may use." })

const IssueKey = Schema.Struct({ name: keyName, scopes: Scopes, expiresInSeconds }).annotate({
  identifier: "IssueKey",
  description: "What another key may do, and for how long."
})

const RotateKey = Schema.Struct({
  overlapSeconds: Schema.optionalKey(
    integer({ minimum: 0, maximum: thirtyDays }, "How long the old key stays good.").annotate({
      default: defaultOverlapSeconds
    })
  ),
  expiresInSeconds
}).annotate({ identifier: "RotateKey", description: "How one key takes the place of another." })

const Key = Schema.Struct({
  id: keyId,
  name: Schema.optionalKey(text("What it is for, as whoever issued it said.")),
  issuedAt: instant("When it was issued."),
  lastUsedAt: Schema.optionalKey(instant("When it was used last, exact to five minutes; absent when no use is known.")),
  scopes,
  state: Schema.Literals(["active", "expired", "revoked"]).annotate({ description: "Only an `active` one is good." }),
  expiresAt,
  replacedBy: Schema.optionalKey(text("The id of the key that was issued in its place."))
}).annotate({ identifier: "Key", description: "An API key, without its secret." })

const NewKey = Schema.Struct({
  id: keyId,
  secret: Schema.optionalKey(
    text("The key itself: shown here and never again, and absent in the answer to a request that is repeated.")
  ),
  scopes,
  expiresAt
}).annotate({ identifier: "NewKey", description: "An API key that was just issued." })

const RotatedKey = Schema.Struct({
  key: NewKey,
  replaces: Schema.Struct({ id: keyId, expiresAt: instant("Until when it is good.") }).annotate({
    description: "The key in whose place it was issued."
  })
}).annotate({ identifier: "RotatedKey", description: "The new key, and how long the old one is good." })

const Client = Schema.Struct({
  id: uuid("Names the client."),
  name: Schema.optionalKey(text("What it is called; absent when that can no longer be read.")),
  createdAt: instant("When it was created."),
  devices: nullable(
    devices,
    "The devices that its keys may use: any other is answered like one that does not exist. `null`: all of them."
  ),
  keys: Schema.Array(Key).annotate({ description: "Every key that was issued to it." })
}).annotate({ identifier: "Client", description: "Whoever calls this API." })

const CreatedClient = Schema.Struct({
  id: uuid("Names the client."),
  name: text("What it is called."),
  key: NewKey
}).annotate({ identifier: "CreatedClient", description: "A client, and its first key." })

const id = uuid("The client's id.")
const key = text("The key's id.")

/** A client is whoever calls this API; it owns several keys, so that one can be exchanged for another. */
export class ClientsApi extends HttpApiGroup.make("clients")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: keyed,
      payload: CreateClient,
      success: HttpApiSchema.WithHeaders(CreatedClient.pipe(HttpApiSchema.status(201)), {
        ...answered,
        ...located("The client's path.")
      }),
      error: [...withBody, Problem("idempotency_conflict")]
    }).annotate(OpenApi.Summary, "Create a client and its first key"),
    HttpApiEndpoint.get("list", "/", {
      success: listOf(Client, "ClientList", "Every client, oldest first."),
      error: anywhere
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Every client, oldest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id },
      success: Client,
      error: [...anywhere, Problem("client_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "A client and its keys"),
    HttpApiEndpoint.patch("limit", "/:id", {
      params: { id },
      payload: LimitClient,
      success: Client,
      error: [...withBody, Problem("client_not_found")]
    })
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Say which devices a client may use"),
    HttpApiEndpoint.post("issueKey", "/:id/keys", {
      params: { id },
      headers: keyed,
      payload: IssueKey,
      success: HttpApiSchema.WithHeaders(NewKey.pipe(HttpApiSchema.status(201)), answered),
      error: [...withBody, Problem("idempotency_conflict"), Problem("client_not_found")]
    }).annotate(OpenApi.Summary, "Issue another key"),
    HttpApiEndpoint.post("rotateKey", "/:id/keys/:key/rotate", {
      params: { id, key },
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
        "The new key has the scopes and the name of the old one. A request that is repeated under its idempotency key is " +
          "answered without the secret; under another one it issues one more, and the old key never stays good longer than " +
          "the first one said."
      ),
    HttpApiEndpoint.delete("revokeKey", "/:id/keys/:key", {
      params: { id, key },
      success: HttpApiSchema.NoContent,
      error: [...withBody, Problem("client_not_found"), Problem("key_not_found"), Problem("last_administrator")]
    }).annotate(OpenApi.Summary, "Revoke a key: it is refused from the answer on")
  )
  .annotateEndpoints(RequiredScope, ["admin"])
  .middleware(Authorization)
  .prefix("/v1/clients")
  .annotate(OpenApi.Description, "Who may call this API, and with which keys.") {}
