import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { EventBus } from "#domain/ports/EventBus.ts"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import * as Log from "../telemetry/Log.ts"
import type { Options } from "./Announcements.ts"
import * as Announcements from "./Feature.ts"

const key = { kty: "EC", crv: "P-256", kid: "one", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" }
const sealingKeys = sealingKeysIn(
  JSON.stringify({ keys: [{ ...key, y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }] })
)!

/** What is said by a gateway without a bus for events. */
const warnings = (options: Options) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const log = Log.layer({ level: "warn", out: { write: (line) => lines.push(line) } })
    // without a bus nothing else of the gateway is needed
    const announcing = Announcements.layer(options) as unknown as Layer.Layer<never>
    yield* Layer.build(announcing.pipe(Layer.provide([Layer.succeed(EventBus, undefined), log])))
    return lines.length
  }).pipe(Effect.scoped)

it.live("whoever sets how personal data is published, where nothing is, is told that this is in vain", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* warnings({}), 0)
    assert.strictEqual(yield* warnings({ personal: "sealed" }), 0)
    assert.strictEqual(yield* warnings({ personal: "omitted" }), 0)
    assert.strictEqual(yield* warnings({ personal: "plain" }), 1)
    assert.strictEqual(yield* warnings({ personal: "sealed", sealingKeys }), 1)
  })
)
