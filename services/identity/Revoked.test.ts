import { chmodSync, cpSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { AgentId, defaultTenant } from "#domain/Ids.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import { ownKey } from "#domain/wire/Keys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as FileVault from "#infra/secrets/FileVault.ts"
import { temporaryDirectory } from "#infra/testing/TemporaryDirectory.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Identity from "./Identity.ts"

const home = AgentId.make("home")
const office = AgentId.make("office")
const offerOf = (agent: AgentId) => {
  const random = () => Redacted.make(crypto.random(32))
  return { agent, ...ownKey(crypto, random(), random()).public, protocol: 2 }
}
const provenance = Layer.succeed(Provenance, {
  tenant: defaultTenant,
  region: "home",
  producer: "test",
  pepper: crypto.macKey(new Uint8Array(32))
})

/** As a gateway of this folder does, over the log that is shared. */
const identityIn = (path: string) =>
  Effect.map(
    Layer.build(Layer.fresh(Identity.layer).pipe(Layer.provide([FileVault.layer(path), provenance]))),
    (context) => Context.get(context, Identity.Identity)
  )

/** Two gateways, of which the second one has not been given the key that signs now. */
const scene = Effect.gen(function* () {
  const root = yield* temporaryDirectory
  const [first, second] = [join(root, "first"), join(root, "second")]
  const one = yield* identityIn(first)
  for (const agent of [home, office]) yield* one.enrol(offerOf(agent))
  cpSync(first, second, { recursive: true })
  const two = yield* identityIn(second)
  const [old] = one.known().own
  const { keyId } = yield* one.prepareKey()
  yield* one.activateKey(keyId, 60_000)
  yield* one.revokeKey(old!.public.keyId)
  return { one, two, first, second, keyId }
})
const setting = Layer.merge(Sqlite.layer(":memory:"), NodeCrypto.layer)

const keyOf = ({ known }: Identity.Identity["Service"], agent: AgentId) => [...known().state.agents.get(agent)!.keys()]

describe("a gateway whose own keys are all revoked", () => {
  it.live("signs nothing, and goes on hearing whom to trust, until it is given a key that is", () =>
    Effect.gen(function* () {
      const { keyId, one, two } = yield* scene
      yield* eventually(Effect.sync(two.signs), (signs) => !signs)
      assert.isUndefined(two.signer())
      assert.isUndefined(two.announcer())
      assert.isDefined(two.agent(home))

      yield* one.revokeAgentKey(home, keyOf(one, home)[0]!)
      yield* eventually(
        Effect.sync(() => two.agent(home)),
        (trust) => trust === undefined
      )
      const third = AgentId.make("third")
      yield* one.enrol(offerOf(third))
      yield* eventually(
        Effect.sync(() => two.agent(third)),
        (trust) => trust !== undefined
      )
      assert.deepStrictEqual([two.known().state.active, one.signer()?.keyId], [keyId, keyId])

      const own = yield* two.prepareKey()
      yield* two.activateKey(own.keyId, 60_000)
      assert.strictEqual(two.signer()?.keyId, own.keyId)
      assert.isDefined(two.agent(office)?.commandKey(own.keyId))
    }).pipe(Effect.provide(setting))
  )

  it.live("as much when its secrets cannot be read any more", () =>
    Effect.gen(function* () {
      const { one, second, two } = yield* scene
      chmodSync(second, 0o755) // the vault refuses a folder that others may enter
      yield* one.revokeAgentKey(home, keyOf(one, home)[0]!)
      yield* eventually(
        Effect.sync(() => two.agent(home)),
        (trust) => trust === undefined
      )
      assert.isDefined(two.agent(office))
    }).pipe(Effect.provide(setting))
  )
})
