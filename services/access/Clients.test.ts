import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Redacted, References } from "effect"
import { TestClock } from "effect/testing"
import { Client } from "#domain/access/Client.ts"
import type { Scope } from "#domain/access/Scopes.ts"
import { ApiKeyId, ClientId, defaultTenant, EventId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import { Personal } from "../privacy/Personal.ts"
import { Freshness } from "../runtime/Freshness.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { altered, writtenBy } from "../testing/ViewsFixture.ts"
import * as Projections from "../views/Projections.ts"
import { Readiness } from "../views/Readiness.ts"
import type { RowsView } from "../views/RowsView.ts"
import { Views } from "../views/Views.ts"
import * as Authenticator from "./Authenticator.ts"
import * as Clients from "./Clients.ts"
import { KeyUses } from "./KeyUses.ts"
import * as LoginUses from "./LoginUses.ts"
import { OpenLogins } from "./OpenLogins.ts"
import { Roster } from "./Roster.ts"

const caller = {
  client: ClientId.make("11111111-1111-7111-8111-111111111111"),
  key: ApiKeyId.make("admin")
}
const ports = Layer.mergeAll(
  SqliteEventStore.layer(":memory:"),
  SqliteSubjectKeys.layer(":memory:"),
  InProcessLeases.layer.pipe(Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
  Layer.effect(
    Provenance,
    Effect.map(Crypto, (crypto) => ({
      tenant: defaultTenant,
      region: "local",
      producer: "test",
      pepper: crypto.macKey(crypto.random(32))
    }))
  ),
  Layer.succeed(References.MinimumLogLevel, "None")
).pipe(
  Layer.provide(
    Layer.succeed(SecretVault, {
      obtain: () => Effect.succeed(Redacted.make(NodeCrypto.crypto.random(32))),
      find: () => Effect.succeed(undefined)
    })
  ),
  Layer.provideMerge(NodeCrypto.layer)
)

/** `views`: the process's own, altered. */
const started = (
  views: (own: Views["Service"]) => Views["Service"],
  rows: (view: RowsView) => RowsView = (view) => view
) => {
  const projections = Layer.effect(Views, Effect.map(Views, views)).pipe(
    Layer.provideMerge(Projections.layer(Layer.merge(altered(Roster.layer, rows), OpenLogins.layer)))
  )
  return Layer.build(
    Layer.merge(Clients.layer(false), Authenticator.layer(undefined)).pipe(
      Layer.provide([KeyUses.layer, LoginUses.layer({ idleMinutes: 60 })]),
      Layer.provide([Personal.layer, Readiness.layer]),
      Layer.provide(Freshness.layer),
      Layer.provideMerge(projections),
      Layer.provideMerge(Layer.fresh(ports))
    )
  ).pipe(
    Effect.map((context) => ({
      store: Context.get(context, EventStore),
      views: Context.get(context, Views),
      clients: Context.get(context, Clients.Clients),
      isGood: (secret: string) => Context.get(context, Authenticator.Authenticator).authenticate(secret) !== undefined
    }))
  )
}

describe("a key's revocation", () => {
  it.live("is in force when it is answered, also where no row can be written", () =>
    Effect.gen(function* () {
      const { clients, isGood } = yield* started(
        (own) => own,
        writtenBy(() => (sql) => sql`INSERT INTO nowhere VALUES (1)`)
      )
      const { client, key } = yield* clients.create(caller, { name: "shop", scopes: ["messages:send"] })
      assert.isTrue(isGood(key.secret!))
      yield* clients.revoke(caller, client, key.id)
      assert.isFalse(isGood(key.secret!))
    })
  )

  it.live("is not waited for for ever, and a repeat does not say it is in force either", () =>
    Effect.gen(function* () {
      let deaf = false
      const { clients } = yield* started((own) => ({
        ...own,
        reached: (position) => (deaf ? Effect.never : own.reached(position))
      }))
      const { client, key } = yield* clients.create(caller, { name: "shop", scopes: ["messages:send"] })
      deaf = true
      const refused = Effect.gen(function* () {
        const revoking = yield* Effect.forkChild(clients.revoke(caller, client, key.id))
        yield* Effect.repeat(TestClock.adjust("1 second"), { until: () => revoking.pollUnsafe() !== undefined })
        const exit = yield* Fiber.await(revoking)
        return Exit.isFailure(exit) && String(exit.cause).includes("EventStoreUnavailable")
      }).pipe(Effect.provide(TestClock.layer()))
      assert.isTrue(yield* refused)
      assert.isTrue(yield* refused)
      deaf = false
      yield* clients.revoke(caller, client, key.id)
    })
  )
})

describe("a client's name", () => {
  it.live("that stands where it was not sealed is none, and hides no other client", () =>
    Effect.gen(function* () {
      const { clients, store, views } = yield* started((own) => own)
      const { client } = yield* clients.create(caller, { name: "shop", scopes: ["messages:send"] })
      assert.strictEqual((yield* clients.find(client))?.name, "shop")
      const [created] = yield* store.read(Client.streamOf(client))
      const { data, metadata, type } = created!
      const moved = ClientId.make("22222222-2222-7222-8222-222222222222")
      const eventId = EventId.make("22222222-2222-5222-8222-222222222222")
      const { position } = yield* store.append(Client.streamOf(moved), "no_stream", [{ eventId, type, data, metadata }])
      yield* views.reached(position)
      const found = yield* clients.list
      assert.deepStrictEqual(
        found.map(({ id, name }) => [id, name]),
        [
          [client, "shop"],
          [moved, undefined]
        ]
      )
    })
  )
})

describe("the last administrator", () => {
  it.live("cannot be taken away, nor made to end, before there is another", () =>
    Effect.gen(function* () {
      const { clients } = yield* started((own) => own)
      const { client, key } = yield* clients.create(caller, { name: "first", scopes: ["admin"] })
      const other = yield* clients.create(caller, { name: "second", scopes: ["admin"], expiresInSeconds: 3_600 })
      const outcome = (attempt: Effect.Effect<unknown, { readonly _tag: string }>) =>
        Effect.match(attempt, { onSuccess: () => "done", onFailure: ({ _tag }) => _tag })
      const revoke = (of: typeof other) => outcome(clients.revoke(caller, of.client, of.key.id))
      const rotate = (expiresInSeconds?: number) =>
        clients.rotate(caller, client, key.id, { overlapSeconds: 0, expiresInSeconds })

      assert.strictEqual(yield* revoke({ client, key }), "LastAdministrator")
      assert.strictEqual(yield* outcome(rotate(60)), "LastAdministrator")
      assert.strictEqual(yield* outcome(clients.revoke(caller, other.client, key.id)), "KeyUnknown")
      const { key: next } = yield* rotate()
      assert.strictEqual(yield* revoke({ client, key: next }), "LastAdministrator")
      assert.strictEqual(yield* revoke(other), "done")
      const third = yield* clients.create(caller, { name: "third", scopes: ["admin"] })
      const both = [revoke({ client, key: next }), revoke(third)]
      const outcomes = yield* Effect.all(both, { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.sort(), ["LastAdministrator", "done"])
    })
  )
})

describe("a key that the release before has issued", () => {
  it.live("keeps what it could do, and shows it; and so does the one in its place", () =>
    Effect.gen(function* () {
      const { clients, isGood, store, views } = yield* started((own) => own)
      const { client, key } = yield* clients.create(caller, { name: "shop", scopes: ["admin"] })
      const stream = Client.streamOf(client)
      const [, issued] = yield* store.read(stream)
      const before = ApiKeyId.make("before")
      const { digest } = issued!.data
      const { position } = yield* store.append(stream, 1, [
        {
          eventId: EventId.make("22222222-2222-5222-8222-222222222222"),
          type: "client.key_issued.v1",
          data: { digest: digest!, key: before, scopes: ["messages:read", "messages:send"] },
          metadata: issued!.metadata
        }
      ])
      yield* views.reached(position)
      yield* clients.rotate(caller, client, before, { overlapSeconds: 60 })
      const scopes = ["messages:send", "messages:read", "messages:read:all", "metrics:read"]
      const shown = (yield* clients.find(client))!.keys.map((one) => one.scopes)
      assert.deepStrictEqual(shown, [["admin"], scopes, scopes] as never)
      assert.deepStrictEqual(
        (yield* store.read(stream)).map(({ type }) => type),
        [
          "client.created.v1",
          "client.key_issued.v1",
          "client.key_issued.v1",
          "client.key_issued.v1",
          "client.key_expiry_set.v1"
        ]
      )
      assert.isTrue(isGood(key.secret!))
    })
  )
})

describe("a key that the release before cannot know", () => {
  it.live("is stored so that it refuses it; all others as it knows them", () =>
    Effect.gen(function* () {
      const { clients, store } = yield* started((own) => own)
      const typeOf = Effect.fnUntraced(function* (...scopes: ReadonlyArray<Scope>) {
        const { client } = yield* clients.create(caller, { name: "shop", scopes })
        const [, issued] = yield* store.read(Client.streamOf(client))
        return [issued!.type, issued!.data.scopes]
      })
      const everything = ["metrics:read", "messages:read:all", "messages:read", "messages:send"] as const
      assert.deepStrictEqual(yield* typeOf(...everything), ["client.key_issued.v1", ["messages:send", "messages:read"]])
      assert.deepStrictEqual(yield* typeOf("admin"), ["client.key_issued.v1", ["admin"]])
      assert.deepStrictEqual(yield* typeOf("messages:read"), ["client.key_issued.v2", ["messages:read"]])
    })
  )
})
