import { assert, it } from "@effect/vitest"
import { fromSeed } from "nkeys.js"
import { userOf } from "./Nkey.ts"

it("a NATS client reads the seed and finds the same user in it", () => {
  for (const byte of [0, 1, 127, 128, 255]) {
    const { publicKey, seed } = userOf(Uint8Array.from({ length: 32 }, (_, i) => byte ^ i))
    assert.match(publicKey, /^U[A-Z2-7]{55}$/)
    assert.match(seed, /^SU[A-Z2-7]{56}$/)
    assert.strictEqual(fromSeed(new TextEncoder().encode(seed)).getPublicKey(), publicKey)
  }
})
