import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { concat } from "../Bytes.ts"
import type { VerifyingKey } from "../ports/Crypto.ts"
import { acceptedOf, flip, keyOf, numbered, reasonOf, sign, unsigned, verify } from "../testing/EnvelopeFixture.ts"
import { EnvelopeRefused, encodeUnsigned, verifyBatch } from "./Envelope.ts"
import { maxBatch } from "./MerkleBatch.ts"

describe("a batch", () => {
  const spied = () => {
    let verifications = 0
    const spy = {
      ...crypto,
      verify: (by: VerifyingKey, data: Uint8Array, signature: Uint8Array) => {
        verifications++
        return crypto.verify(by, data, signature)
      }
    }
    return { spy, count: () => verifications }
  }

  it.effect("costs one verification, also when it arrives mixed with others, in any order", () =>
    Effect.gen(function* () {
      const [first, second, single] = [yield* sign(numbered(40)), yield* sign(numbered(7)), yield* sign([unsigned()])]
      const { count, spy } = spied()
      assert.strictEqual(acceptedOf(yield* verifyBatch(spy, keyOf, first)), 40)
      assert.strictEqual(count(), 1)
      const mixed = [...first, ...second, ...single].reverse()
      assert.strictEqual(acceptedOf(yield* verifyBatch(spy, keyOf, mixed)), 48)
      assert.strictEqual(count(), 4)
    })
  )

  it.effect("shares no verdict with a forgery that claims to belong to it", () =>
    Effect.gen(function* () {
      const envelopes = yield* sign(numbered(4))
      const forged = encodeUnsigned(unsigned({ position: "9" }))
      const posing = envelopes.map((envelope) => concat(envelope.subarray(0, envelope.length - forged.length), forged))
      assert.isTrue(posing.every((bytes, i) => bytes.length === envelopes[i]!.length))
      for (const arrival of [
        [...envelopes, ...posing],
        [...posing, ...envelopes]
      ]) {
        assert.strictEqual(acceptedOf(yield* verify(arrival)), 4)
      }
    })
  )

  it.effect("refuses the one whose proof or content was bent, also when all arrive together and in order", () =>
    Effect.gen(function* () {
      for (const size of [2, 3, 6]) {
        const envelopes = yield* sign(numbered(size))
        for (const at of envelopes.keys()) {
          const { length } = envelopes[at]!
          for (const byte of [73, 104, 105, length - 1]) {
            const arrival = envelopes.map((envelope, i) => (i === at ? flip(envelope, byte) : envelope))
            const expected = envelopes.map((_, i) => i !== at)
            const answers = yield* verify(arrival)
            assert.deepStrictEqual(
              answers.map((answer) => !(answer instanceof EnvelopeRefused)),
              expected,
              `byte ${byte} of ${at} of ${size}`
            )
          }
        }
      }
    })
  )

  it.effect("binds how many it holds and where each stands", () =>
    Effect.gen(function* () {
      const envelopes = yield* sign(numbered(6))
      const forged = envelopes.flatMap((envelope, at) =>
        Array.from({ length: 12 }, (_, count) =>
          Array.from({ length: 12 }, (_, index) => {
            const bytes = envelope.slice()
            const view = new DataView(bytes.buffer)
            view.setUint16(5, index)
            view.setUint16(7, count)
            return index === at && count === 6 ? undefined : bytes
          })
        )
          .flat()
          .filter((bytes) => bytes !== undefined)
      )
      assert.strictEqual(forged.length, 6 * 143)
      assert.strictEqual(acceptedOf(yield* verify(forged)), 0)
      const [tooMany] = yield* sign(numbered(maxBatch + 1))
      const none = envelopes[0]!.slice()
      new DataView(none.buffer).setUint16(7, 0)
      assert.deepStrictEqual((yield* verify([tooMany!, none])).map(reasonOf), ["malformed", "malformed"])
    })
  )

  it.effect("takes the key from each envelope: one signature of another key proves nothing", () =>
    Effect.gen(function* () {
      const other = crypto.signingKey(new Uint8Array(32).fill(9))
      const keys = (keyId: string) => (keyId === "other" ? crypto.verifyingKey(other.publicKey) : keyOf(keyId))
      const mixed = [unsigned({ keyId: "other" }), unsigned()]
      const answers = yield* Effect.flatMap(sign(mixed, other.key), (envelopes) => verify(envelopes, keys))
      assert.deepStrictEqual(answers.map(reasonOf), ["accepted", "bad_signature"])
    })
  )
})
