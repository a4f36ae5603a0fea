import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { concat, lengthPrefixed, utf8 } from "../Bytes.ts"
import { acceptedOf, header, key, numbered, reasonOf, sign, unsigned, verify } from "../testing/EnvelopeFixture.ts"
import { EnvelopeRefused, encodeUnsigned, type Header, maxEnvelopeBytes, signBatch } from "./Envelope.ts"
import { maxBatch } from "./MerkleBatch.ts"

describe("an envelope", () => {
  it.effect("comes back as it was signed, alone and from batches of any size", () =>
    Effect.gen(function* () {
      for (const size of [1, 2, 3, 5, 8, 33, maxBatch]) {
        const items = numbered(size)
        const envelopes = yield* sign(items)
        const answers = yield* verify(envelopes)
        assert.deepStrictEqual(
          answers,
          items.map((item, i) => ({ ...item, bytes: envelopes[i]! }))
        )
        const alone = yield* verify([envelopes[size >> 1]!])
        assert.deepStrictEqual(alone, [answers[size >> 1]!])
      }
    })
  )

  it.effect("comes back from the middle of a broker's buffer", () =>
    Effect.gen(function* () {
      const [envelope] = yield* sign([unsigned()])
      const buffer = concat(new Uint8Array(13).fill(0xff), envelope!, new Uint8Array(5).fill(0xff))
      const [answer] = yield* verify([buffer.subarray(13, 13 + envelope!.length)])
      assert.deepStrictEqual(answer, { ...unsigned(), bytes: envelope! })
    })
  )

  it.effect("carries any text in its header and any bytes as its payload", () =>
    Effect.gen(function* () {
      const odd = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
      const texts = [...odd, "", ":", "3:abc", "\ufeffbom", "\u2028", "😀", "ü".repeat(128), "0:".repeat(128)]
      const items = texts.map((text, i) => unsigned({ subject: text, device: `${text}`, tenant: odd[i % 256]! }))
      const payloads = [new Uint8Array(0), Uint8Array.from(odd.keys()), new Uint8Array(100_000).fill(0xff)]
      const all = [...items, ...payloads.map((payload) => unsigned({}, payload))]
      const answers = yield* Effect.flatMap(sign(all), verify)
      for (const [i, item] of all.entries()) {
        const answer = answers[i]!
        assert.isFalse(answer instanceof EnvelopeRefused)
        if (answer instanceof EnvelopeRefused) continue
        assert.deepStrictEqual(answer.header, item.header)
        assert.deepStrictEqual(answer.payload, item.payload)
      }
    })
  )

  it("gives no two headers the same bytes", () => {
    const moved: ReadonlyArray<Partial<Header>> = [
      { device: "ab", lane: "c" },
      { device: "a", lane: "bc" },
      { device: "abc", lane: "" },
      { device: "", lane: "abc" },
      { device: "1:a", lane: "2:bc" },
      { device: "a2:bc", lane: "" }
    ]
    const encoded = moved.map((fields) => encodeUnsigned(unsigned(fields)).toHex())
    assert.strictEqual(new Set(encoded).size, moved.length)
  })
})

describe("a signature", () => {
  it.effect("breaks with any single bit", () =>
    Effect.gen(function* () {
      const [alone] = yield* sign([unsigned()])
      const [, , third] = yield* sign(numbered(5))
      for (const envelope of [alone!, third!]) {
        const flipped = Array.from({ length: envelope.length * 8 }, (_, bit) => {
          const bytes = envelope.slice()
          bytes[bit >> 3]! ^= 1 << (bit & 7)
          return bytes
        })
        assert.isAbove(flipped.length, 2_500)
        assert.strictEqual(acceptedOf(yield* verify(flipped)), 0)
        assert.strictEqual(acceptedOf(yield* verify([envelope])), 1)
      }
    })
  )

  it.effect("breaks when bytes are cut off or added", () =>
    Effect.gen(function* () {
      const envelopes = [(yield* sign([unsigned()]))[0]!, (yield* sign(numbered(6)))[4]!]
      for (const envelope of envelopes) {
        const cut = Array.from({ length: envelope.length }, (_, length) => envelope.subarray(0, length))
        const headless = Array.from({ length: 150 }, (_, length) => envelope.subarray(length + 1))
        const longer = [1, 2, 32, 64].flatMap((more) => [
          concat(envelope, new Uint8Array(more)),
          concat(new Uint8Array(more), envelope)
        ])
        const repeated = concat(envelope, envelope)
        assert.strictEqual(acceptedOf(yield* verify([...cut, ...headless, ...longer, repeated])), 0)
      }
    })
  )

  it.effect("says why it is refused", () =>
    Effect.gen(function* () {
      const [good] = yield* sign([unsigned()])
      const [foreign] = yield* sign([unsigned()], crypto.signingKey(new Uint8Array(32).fill(8)).key)
      const [unpinned] = yield* sign([unsigned({ keyId: "gateway-2" })])
      const [longField] = yield* sign([unsigned({ subject: "S".repeat(257) })])
      const [nonsense] = yield* signBatch(crypto, key, [utf8("3:abc")])
      const answers = yield* verify([
        foreign!,
        unpinned!,
        good!.subarray(1),
        new Uint8Array(0),
        new Uint8Array(maxEnvelopeBytes + 1),
        longField!,
        nonsense!,
        good!
      ])
      assert.deepStrictEqual(answers.map(reasonOf), [
        "bad_signature",
        "unknown_key",
        "malformed",
        "malformed",
        "too_large",
        "malformed",
        "malformed",
        "accepted"
      ])
    })
  )

  it.effect("holds for one way of writing the signed bytes only", () =>
    Effect.gen(function* () {
      const texts = Object.values(header)
      const plain = encodeUnsigned(unsigned({}, utf8("x")))
      const variants = [
        concat(utf8("016"), plain.subarray(2)), // 016:homing/command/1
        concat(lengthPrefixed(...texts), utf8("01:x")),
        concat(lengthPrefixed(...texts), utf8("1:xy")),
        concat(lengthPrefixed(...texts), utf8("2:x")),
        concat(lengthPrefixed(...texts), utf8("99999999:x")),
        concat(lengthPrefixed(...texts), utf8("-1:x")),
        concat(lengthPrefixed(...texts), utf8("+1:x")),
        concat(lengthPrefixed(...texts), utf8(":x")),
        lengthPrefixed(...texts),
        lengthPrefixed(...texts, "x", "x"),
        concat(lengthPrefixed(...texts.slice(1)), utf8("1:x")),
        concat(utf8("2:"), Uint8Array.of(0xc3, 0x28), lengthPrefixed(...texts.slice(1), "x")) // not UTF-8
      ]
      assert.isTrue(plain.subarray(0, 2).toHex() === utf8("16").toHex())
      const answers = yield* Effect.flatMap(signBatch(crypto, key, [plain, ...variants]), verify)
      assert.deepStrictEqual(answers.map(reasonOf), ["accepted", ...variants.map(() => "malformed")])
    })
  )

  it.effect("keeps the two directions apart", () =>
    Effect.gen(function* () {
      const [command] = yield* sign([unsigned()])
      const [report] = yield* sign([unsigned({ direction: "homing/report/1" })])
      const size = encodeUnsigned(unsigned()).length
      // the signature of one over the bytes of the other
      const crossed = concat(command!.subarray(0, 73), report!.subarray(report!.length - size + 1))
      new DataView(crossed.buffer, crossed.byteOffset).setUint32(1, size - 1)
      assert.deepStrictEqual((yield* verify([crossed])).map(reasonOf), ["bad_signature"])
      const answers = yield* verify([command!, report!])
      assert.deepStrictEqual(
        answers.map((_) => (_ instanceof EnvelopeRefused ? _ : _.header.direction)),
        ["homing/command/1", "homing/report/1"]
      )
    })
  )
})
