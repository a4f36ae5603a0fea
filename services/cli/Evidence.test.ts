import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { base64url, utf8 } from "#domain/Bytes.ts"
import { AgentId } from "#domain/Ids.ts"
import { encodeUnsigned, type Header, signBatch } from "#domain/wire/Envelope.ts"
import { ownKey } from "#domain/wire/Keys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import { identity } from "../layers/Processes.ts"
import { nowhere } from "../layers/Settings.ts"
import * as Evidence from "./Evidence.ts"

const { crypto } = NodeCrypto
const home = AgentId.make("home")
const header: Header = {
  direction: "homing/report/1",
  keyId: "-",
  tenant: "-",
  agent: home,
  device: "-",
  lane: "-",
  subject: "-",
  commandId: "-",
  attempt: "1",
  position: "1",
  epoch: "-",
  issuedAt: "-",
  expiresAt: "-"
}

it.live("evidence still holds when the agent has no key left that is taken", () =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "homing-test-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    yield* Effect.gen(function* () {
      const own = ownKey(crypto, Redacted.make(crypto.random(32)), Redacted.make(crypto.random(32)))
      const { keyId } = own.public
      const { agent, enrol, revokeAgentKey } = yield* StoreIdentity
      yield* enrol({ agent: home, ...own.public, protocol: 1 })
      const signed = encodeUnsigned({ header: { ...header, keyId }, payload: utf8("sent") })
      const [bytes] = yield* signBatch(crypto, own.signing, [signed])
      const evidence = base64url(bytes!)
      assert.strictEqual(yield* Evidence.check(home, evidence), "verified")
      yield* revokeAgentKey(home, keyId)
      assert.isUndefined(agent(home))
      assert.strictEqual(yield* Evidence.check(home, evidence), "verified")
      assert.strictEqual(yield* Evidence.check(home, `B${evidence.slice(1)}`), "refused")
      assert.strictEqual(yield* Evidence.check(AgentId.make("office"), evidence), "refused")
      assert.strictEqual(yield* Evidence.check(home, undefined), "none")
    }).pipe(Effect.provide(Layer.merge(identity(folder, nowhere, "test"), NodeCrypto.layer)))
  })
)
