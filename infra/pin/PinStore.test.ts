import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { GatewayPin } from "#domain/identity/Trust.ts"
import { PinStore } from "#domain/ports/PinStore.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { layer } from "./File.ts"

const pin = Schema.decodeUnknownSync(GatewayPin)({
  tenant: "default",
  agent: "home",
  store: "0196f3c0-0000-7000-8000-000000000001",
  epoch: 1,
  revision: 2,
  protocol: 2,
  gatewayKeys: [{ keyId: "0123456789abcdef", signing: "A".repeat(43), agreement: "B".repeat(43), state: "active" }],
  agentKeys: ["fedcba9876543210"]
})
const open = (file: string) => Effect.provide(PinStore, layer(file))

it.effect("keeps what was written, readable by people, for its owner alone", () =>
  Effect.gen(function* () {
    const file = join(yield* temporaryDirectory, "agent", "trust.json")
    const store = yield* open(file)
    assert.deepStrictEqual(yield* store.read, { generations: 1, pin: undefined })
    yield* store.write({ generations: 2, pin: undefined })
    assert.deepStrictEqual(yield* store.read, { generations: 2, pin: undefined })
    yield* store.write({ generations: 2, pin })
    assert.deepStrictEqual(yield* (yield* open(file)).read, { generations: 2, pin })
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    assert.include(readFileSync(file, "utf8"), '"epoch": 1')
  })
)

it.effect("takes nothing damaged for nothing, and survives a write that was cut off", () =>
  Effect.gen(function* () {
    const file = join(yield* temporaryDirectory, "trust.json")
    const store = yield* open(file)
    yield* store.write({ generations: 1, pin })
    writeFileSync(`${file}.tmp`, '{"v":1,"gen')
    assert.deepStrictEqual((yield* store.read).pin, pin)
    yield* store.write({ generations: 3, pin })
    assert.strictEqual((yield* store.read).generations, 3)
    for (const damaged of ["", "{}", readFileSync(file, "utf8").slice(0, -20), '{"v":2,"generations":1}']) {
      writeFileSync(file, damaged)
      assert.match((yield* Effect.flip(store.read)).message, /is damaged/)
    }
  })
)
