import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ApiKeyId, ClientId, DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { sealed, uuid } from "../testing/ViewsFixture.ts"
import { Readiness } from "../views/Readiness.ts"
import * as Authenticator from "./Authenticator.ts"
import { digestOf, newCredential } from "./Credential.ts"
import { KeyUses } from "./KeyUses.ts"
import { LoginUses } from "./LoginUses.ts"
import { OpenLogins } from "./OpenLogins.ts"
import { type KnownClient, type KnownKey, Roster } from "./Roster.ts"

const owner = ClientId.make(uuid(201))
const { id, secret } = newCredential(NodeCrypto.crypto, ApiKeyId.make("0123456789abcdef"))
const [issuedAt, issuedBy] = [fromMillis(0), EventId.make(uuid(1))]
const key: KnownKey = {
  client: owner,
  id,
  digest: digestOf(NodeCrypto.crypto, secret),
  scopes: new Set(["messages:send"]),
  issuedAt,
  issuedBy,
  name: undefined,
  revoked: false,
  expiresAt: undefined,
  replacedBy: undefined
}

it.effect("a key whose client is not known here may do nothing: its limits are not known either", () =>
  Effect.gen(function* () {
    const clients = new Map<ClientId, KnownClient>()
    const used: Array<ApiKeyId> = []
    const stubs = Layer.mergeAll(
      NodeCrypto.layer,
      Layer.succeed(Roster, { clients, keys: new Map([[id, key]]) }),
      Layer.succeed(OpenLogins, new Map()),
      Layer.succeed(LoginUses, { note: () => {}, lastOf: () => 0, isCurrent: () => false }),
      Layer.succeed(Readiness, { lag: () => undefined, written: () => true }),
      Layer.succeed(KeyUses, { note: (one) => void used.push(one), all: Effect.succeed(new Map()) })
    )
    yield* Effect.gen(function* () {
      const { authenticate } = yield* Authenticator.Authenticator
      assert.strictEqual(authenticate(secret), "out_of_date")
      assert.deepStrictEqual(used, [])
      const devices = new Set([DeviceId.make(uuid(101))])
      clients.set(owner, { id: owner, createdAt: issuedAt, name: sealed, namedBy: issuedBy, keys: [id], devices })
      const found = authenticate(secret)
      assert.deepStrictEqual(typeof found === "object" && found.devices, devices)
      assert.deepStrictEqual(used, [id])
    }).pipe(Effect.provide(Layer.provide(Authenticator.layer(undefined), stubs)))
  })
)
