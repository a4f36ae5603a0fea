import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { defaultTenant, MetaApp } from "#domain/Ids.ts"
import { AppRoutes } from "#domain/meta/AppRoutes.ts"
import { ofApp } from "#domain/meta/RoutedSource.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SubjectKeys from "#infra/subject-keys/Sqlite.ts"
import { Personal } from "../privacy/Personal.ts"
import { Freshness } from "../runtime/Freshness.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Log from "../telemetry/Log.ts"
import * as Projections from "../views/Projections.ts"
import * as RouteActors from "./RouteActors.ts"
import * as Routes from "./Routes.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"
import * as Taking from "./Taking.ts"

const secrets = Layer.succeed(SecretVault, {
  obtain: () => Effect.succeed(Redacted.make(NodeCrypto.crypto.random(32))),
  find: () => Effect.succeed(undefined)
})
const provenance = Layer.effect(
  Provenance,
  Effect.map(Crypto, (crypto) => ({
    tenant: defaultTenant,
    region: "local",
    producer: "test",
    pepper: crypto.macKey(crypto.random(32))
  }))
)
const gateway = Taking.layer.pipe(
  Layer.provide(RouteActors.layer),
  Layer.provideMerge(Routes.layer),
  Layer.provide(Personal.layer),
  Layer.provideMerge(Projections.layer(RoutesRegistry.layer)),
  Layer.provide(Freshness.layer),
  Layer.provide([provenance, SubjectKeys.layer(":memory:").pipe(Layer.provide(secrets))]),
  Layer.provide(
    InProcessLeases.layer.pipe(Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" })))
  ),
  Layer.provideMerge(Sqlite.layer(":memory:")),
  Layer.provideMerge(NodeCrypto.layer),
  Layer.provide(Log.layer({ level: "error", out: { write: () => {} } }))
)

const app = ofApp(MetaApp.make("default"))
const said = (secret: string): Taking.Said => ({
  targets: ["agent", "default"].map((name) => ({ name, url: `https://${name}.example/in`, secret })),
  timeoutMillis: 3_000,
  routes: { fields: { messages: ["agent"] }, others: ["default"] }
})

describe("what the environment says", () => {
  it.live("is taken once by all who begin at the same moment, and is what was said", () =>
    Effect.gen(function* () {
      const { take } = yield* Taking.Taking
      const { current, opened } = yield* Routes.Routes
      const store = yield* EventStore
      yield* Effect.all([take(app, said("one")), take(app, said("one"))], { concurrency: 2 })
      const types = Effect.map(store.read(AppRoutes.streamOf(app)), (events) => events.map(({ type }) => type))
      const taken = ["routes.target_added.v1", "routes.target_added.v1", "routes.set.v1"]
      assert.deepStrictEqual(yield* types, taken)
      assert.isFalse(yield* take(app, said("one")))
      const { routes, targets } = current(app)
      assert.deepInclude(routes, { fields: { messages: ["agent"] }, others: ["default"], prefixes: {} })
      const agent = yield* opened(targets.get("agent")!)
      assert.deepStrictEqual([agent?.url, agent?.secrets[0]?.shared], ["https://agent.example/in", "one"])
      assert.isTrue(yield* take(app, said("two")))
      assert.strictEqual((yield* opened(current(app).targets.get("agent")!))?.secrets[0]?.shared, "two")
      const rotated = "routes.target_secret_rotated.v1"
      assert.deepStrictEqual(yield* types, [...taken, rotated, rotated, "routes.set.v1"])
    }).pipe(Effect.provide(gateway))
  )
})
