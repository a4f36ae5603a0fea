import { existsSync, readdirSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Identity } from "#services/identity/Identity.ts"
import { Adopting } from "#services/identity/Installation.ts"
import { identity } from "#services/layers/Processes.ts"
import { nowhere } from "#services/layers/Settings.ts"
import { folder } from "./Homing.ts"

const opened = (path: string, adopting = false) =>
  Effect.map(Identity, (one) => ({ epoch: one.epoch, key: one.signer()?.keyId })).pipe(
    Effect.provide(identity(path, nowhere, "test").pipe(Layer.provide(Layer.succeed(Adopting, adopting))))
  )

it.live("a log whose secrets are lost is not begun with others, unless somebody says so", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const first = yield* opened(path)
    assert.deepStrictEqual(yield* opened(path), first)

    renameSync(join(path, "secrets"), join(path, "lost"))
    const refused = yield* Effect.flip(opened(path))
    assert.match(String(refused), /secrets\/pepper is missing, and \S+log\.db is there.*homing store adopt/)
    assert.isFalse(existsSync(join(path, "secrets/pepper")))
    const adopted = yield* opened(path, true)
    assert.strictEqual(adopted.epoch, first.epoch)
    assert.notStrictEqual(adopted.key, first.key)
    assert.deepStrictEqual(yield* opened(path), adopted)

    renameSync(join(path, "secrets"), join(path, "adopted"))
    renameSync(join(path, "lost"), join(path, "secrets"))
    assert.match(String(yield* Effect.flip(opened(path))), /pepper is not the one of this log/)
  })
)

it.live("where the secrets are of a log that was begun elsewhere, none is begun beside them", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const first = yield* opened(path)
    for (const name of readdirSync(path))
      if (name !== "secrets") renameSync(join(path, name), join(path, `secrets/${name}.bak`))
    const refused = yield* Effect.flip(opened(path))
    assert.match(
      String(refused),
      /secrets\/gateway-signing is .*log\.db is not there: set EVENTSTORE_URL, and the other/
    )
    assert.isFalse(existsSync(join(path, "log.db")))
    rmSync(join(path, "secrets/gateway-signing")) // as a start leaves them that was cut off
    assert.notStrictEqual((yield* opened(path)).epoch, first.epoch)
  })
)

it.live("without a key of the gateway's that is still trusted it does not make itself one", () =>
  Effect.gen(function* () {
    const path = yield* folder
    const first = yield* opened(path)
    for (const name of ["gateway-signing", "gateway-agreement"]) {
      renameSync(join(path, "secrets", name), join(path, name))
    }
    assert.match(String(yield* Effect.flip(opened(path))), /none of the secrets is a key of the gateway/)
    for (const name of ["gateway-signing", "gateway-agreement"]) {
      renameSync(join(path, name), join(path, "secrets", name))
    }
    assert.deepStrictEqual(yield* opened(path), first)
  })
)
