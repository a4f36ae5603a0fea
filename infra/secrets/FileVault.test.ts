import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import * as FileVault from "./FileVault.ts"

const vaultIn = (folder: string, crypto: Layer.Layer<Crypto> = NodeCrypto.layer) =>
  Effect.map(Layer.build(Layer.fresh(FileVault.layer(folder)).pipe(Layer.provide(crypto))), (context) =>
    Context.get(context, SecretVault)
  )
const temporaryFolder = Effect.map(temporaryDirectory, (directory) => join(directory, "secrets"))
const bytes = (secret: Redacted.Redacted<Uint8Array>) => Buffer.from(Redacted.value(secret)).toString("hex")
const modeOf = (path: string) => statSync(path).mode & 0o777

/** Why `name` cannot be had. */
const refusal = (vault: SecretVault["Service"], name: string) =>
  Effect.map(Effect.flip(vault.obtain(name)), (error) => {
    assert.strictEqual(error.name, name)
    return (error.cause as Error).message
  })

describe("FileVault", () => {
  it.effect("makes a secret once, and keeps it over a restart", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const vault = yield* vaultIn(folder)
      const pepper = bytes(yield* vault.obtain("pepper"))
      assert.strictEqual(pepper.length, 64)
      assert.strictEqual(bytes(yield* vault.obtain("pepper")), pepper)
      assert.strictEqual(bytes(yield* (yield* vaultIn(folder)).obtain("pepper")), pepper)
      assert.notStrictEqual(bytes(yield* vault.obtain("agent-signing")), pepper)
    })
  )

  it.effect("lets nobody else in, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* (yield* vaultIn(folder)).obtain("pepper")
      assert.strictEqual(modeOf(folder), 0o700)
      assert.strictEqual(modeOf(join(folder, "pepper")), 0o600)
      assert.deepStrictEqual(readdirSync(folder), ["pepper"])
    })
  )

  it.effect("does not print what it holds", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const secret = yield* (yield* vaultIn(folder)).obtain("pepper")
      assert.deepStrictEqual(Buffer.from(Redacted.value(secret)), readFileSync(join(folder, "pepper")))
      assert.deepStrictEqual(
        [`${secret}`, inspect(secret), JSON.stringify(secret)],
        ["<redacted:pepper>", "<redacted:pepper>", '"<redacted:pepper>"']
      )
    })
  )

  it.effect("makes one secret for all who ask at once", () =>
    Effect.gen(function* () {
      const vault = yield* Effect.flatMap(temporaryFolder, vaultIn)
      const secrets = yield* Effect.all(
        Array.from({ length: 20 }, () => vault.obtain("pepper")),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(secrets.map(bytes)).size, 1)
    })
  )

  it.effect("keeps the secret that another process made meanwhile", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const theirs = Buffer.alloc(32, 7)
      const overtaken = Layer.effect(
        Crypto,
        Effect.map(Crypto, (crypto) => ({
          ...crypto,
          random: (length: number) => {
            writeFileSync(join(folder, "pepper"), theirs, { mode: 0o600 })
            return crypto.random(length)
          }
        }))
      ).pipe(Layer.provide(NodeCrypto.layer))
      const vault = yield* vaultIn(folder, overtaken)
      assert.strictEqual(bytes(yield* vault.obtain("pepper")), theirs.toString("hex"))
      assert.deepStrictEqual(readdirSync(folder), ["pepper"])
    })
  )

  it.effect.each([0, 31, 33])("refuses a damaged secret, and does not replace it (%i bytes)", (length) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const vault = yield* vaultIn(folder)
      yield* vault.obtain("pepper")
      truncateSync(join(folder, "pepper"), length)
      const damaged = readFileSync(join(folder, "pepper"))
      assert.match(yield* refusal(vault, "pepper"), new RegExp(`damaged: ${length} bytes`))
      assert.deepStrictEqual(readFileSync(join(folder, "pepper")), damaged)
    })
  )

  it.effect.each(["640", "604", "620"])("refuses a secret that others may read or write (%s)", (mode) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const vault = yield* vaultIn(folder)
      yield* vault.obtain("pepper")
      chmodSync(join(folder, "pepper"), mode)
      assert.include(yield* refusal(vault, "pepper"), `pepper is open to other users (mode ${mode})`)
    })
  )

  it.effect("refuses a folder that others may enter", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(folder)
      chmodSync(folder, 0o755)
      assert.include(yield* refusal(yield* vaultIn(folder), "pepper"), "secrets is open to other users (mode 755)")
      assert.deepStrictEqual(readdirSync(folder), [])
    })
  )

  it.effect("does not take a dangling link for a secret yet to be made", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(folder, { mode: 0o700 })
      symlinkSync(join(folder, "elsewhere"), join(folder, "pepper"))
      assert.include(yield* refusal(yield* vaultIn(folder), "pepper"), "ENOENT")
      assert.deepStrictEqual(readdirSync(folder), ["pepper"])
    })
  )

  it.effect.each(["", "../pepper", "a/b", "Pepper", "pepper.tmp", "-pepper", "a".repeat(33)])(
    "refuses a name that is no slug: %s",
    (name) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        assert.include(yield* refusal(yield* vaultIn(folder), name), "slug")
      })
  )
})
