import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import { trust } from "../testing/AgentFixture.ts"
import * as Dialect from "./Dialect.ts"
import { Trust } from "./Trust.ts"

it.effect(
  "a command of the version before is followed, but not for a minute after the gateway said that it knows more",
  () =>
    Effect.gen(function* () {
      const { newest } = yield* SpokenVersions
      const { heard, knows, version } = yield* Dialect.Dialect
      assert.strictEqual(version(), 1)
      heard(2)
      assert.strictEqual(version(), 2)
      heard(1)
      assert.strictEqual(version(), 1)
      knows(2)
      assert.strictEqual(version(), 2)
      heard(1)
      assert.strictEqual(version(), 2)
      yield* TestClock.adjust("61 seconds")
      heard(1)
      assert.strictEqual(version(), 1)
      knows(newest + 1)
      assert.strictEqual(version(), newest) // what it knows itself
    }).pipe(Effect.provide(Dialect.layer.pipe(Layer.provide(Layer.succeed(Trust, { ...trust, protocol: 1 })))))
)
