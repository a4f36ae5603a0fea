import { assert, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { AgentId, defaultTenant } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { ownKey } from "#domain/wire/Keys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import { temporaryDirectory } from "#infra/testing/TemporaryDirectory.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Identity from "./Identity.ts"

const provenance = Layer.succeed(Provenance, {
  tenant: defaultTenant,
  region: "home",
  producer: "test",
  pepper: crypto.macKey(new Uint8Array(32))
})

it.live("follows what is recorded after it began, however long the log is", () =>
  Effect.gen(function* () {
    const store = yield* EventStore
    const vault = FileVault.layer(yield* temporaryDirectory)
    const begun = Effect.gen(function* () {
      const after = yield* Deferred.make<bigint | undefined>()
      const spied = EventStore.of({
        ...store,
        subscribe: (from) => {
          Deferred.doneUnsafe(after, Effect.succeed(from.after))
          return store.subscribe(from)
        }
      })
      yield* Layer.build(Layer.fresh(Identity.layer).pipe(Layer.provide([vault, provenance]))).pipe(
        Effect.provideService(EventStore, spied)
      )
      return yield* Deferred.await(after)
    })
    assert.isUndefined(yield* begun)
    const head = yield* store.head
    assert.isDefined(head)
    assert.strictEqual(yield* begun, head)
  }).pipe(Effect.provide([Sqlite.layer(":memory:"), NodeCrypto.layer]))
)

const offerOf = (agent: AgentId) => {
  const random = () => Redacted.make(crypto.random(32))
  return { agent, ...ownKey(crypto, random(), random()).public, protocol: 2 }
}

it.live("forgets nothing that was told while secrets were still being read for what was told before", () =>
  Effect.gen(function* () {
    const [first, second] = [AgentId.make("first"), AgentId.make("second")]
    const vault = Context.get(yield* Layer.build(FileVault.layer(yield* temporaryDirectory)), SecretVault)
    const read = yield* Deferred.make<void>()
    let isSlow = false
    const slow = SecretVault.of({
      ...vault,
      find: (name) => {
        const found = isSlow ? Effect.andThen(Deferred.await(read), vault.find(name)) : vault.find(name)
        isSlow = false
        return found
      }
    })
    // whoever follows the log would learn it in the end
    const deaf = EventStore.of({ ...(yield* EventStore), subscribe: () => Stream.never })
    const services = yield* Layer.build(
      Layer.fresh(Identity.layer).pipe(Layer.provide([Layer.succeed(SecretVault, slow), provenance]))
    ).pipe(Effect.provideService(EventStore, deaf))
    const { agent, enrol } = Context.get(services, Identity.Identity)
    isSlow = true
    const enrolling = yield* Effect.forkChild(enrol(offerOf(first)), { startImmediately: true })
    const next = yield* Effect.forkChild(enrol(offerOf(second)), { startImmediately: true })
    yield* Effect.sleep("200 millis")
    yield* Deferred.succeed(read, undefined)
    yield* Fiber.join(enrolling)
    yield* Fiber.join(next)
    assert.isDefined(agent(second))
    assert.isDefined(agent(first))
  }).pipe(Effect.provide([Sqlite.layer(":memory:"), NodeCrypto.layer]))
)
