import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { defaultTenant } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
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
