import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { CipherKey } from "#domain/ports/Crypto.ts"
import { crypto } from "./NodeCrypto.ts"

const hex = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"))
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const utf8 = (text: string) => new TextEncoder().encode(text)
const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

describe("digests and codes", () => {
  it("are SHA-256, SHA-1 (FIPS 180) and HMAC-SHA-256 (RFC 4231, case 2)", () => {
    assert.strictEqual(
      toHex(crypto.sha256(utf8("abc"))),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert.strictEqual(crypto.sha1(utf8("abc"), "hex"), "a9993e364706816aba3e25717850c26c9cd0d89d")
    assert.strictEqual(
      crypto.mac(crypto.macKey(utf8("Jefe")), utf8("what do ya want for nothing?"), "hex"),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
  })

  it("compares whole arrays, of any lengths", () => {
    assert.isTrue(crypto.equal(utf8("same"), utf8("same")))
    assert.isFalse(crypto.equal(utf8("same"), utf8("sane")))
    assert.isFalse(crypto.equal(utf8("same"), utf8("sam")))
  })
})

describe("random", () => {
  it("never hands out the same bytes twice, across the pool's edge and beyond its size", () => {
    const drawn = Array.from({ length: 1_000 }, (_, i) => toHex(crypto.random(16 + (i % 17))).slice(0, 32))
    assert.strictEqual(new Set(drawn).size, drawn.length)
    assert.isFalse(drawn.some((digits) => /^0+$/.test(digits)))
    const long = crypto.random(100_000)
    assert.strictEqual(long.length, 100_000)
    assert.isTrue(new Set(long).size === 256)
  })

  it("keeps no reference to what it handed out", () => {
    const bytes = crypto.random(32)
    assert.strictEqual(bytes.buffer.byteLength, 32)
  })
})

describe("encryption", () => {
  const key = crypto.cipherKey(crypto.random(32))
  const sealed = crypto.encrypt(key, utf8("hello"), utf8("for you"))

  it("opens with the key, nonce and associated data it was made with", () => {
    assert.deepStrictEqual([...crypto.decrypt(key, sealed, utf8("for you"))!], [...utf8("hello")])
    assert.strictEqual(sealed.iv.length, 12)
    assert.strictEqual(sealed.box.length, 5 + 16)
    assert.strictEqual(crypto.decrypt(key, crypto.encrypt(key, utf8(""), utf8("")), utf8(""))?.length, 0)
  })

  it("is AES-256-GCM with the tag at the end (case 16 of its specification)", () => {
    const opened = crypto.decrypt(
      crypto.cipherKey(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")),
      {
        iv: hex("cafebabefacedbaddecaf888"),
        box: hex(`522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
                  8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b`)
      },
      hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    )
    assert.strictEqual(
      toHex(opened!),
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
  })

  it("does not open when anything differs, nor when cut short", () => {
    const other = crypto.cipherKey(crypto.random(32))
    assert.isUndefined(crypto.decrypt(other, sealed, utf8("for you")))
    assert.isUndefined(crypto.decrypt(key, sealed, utf8("for me")))
    assert.isUndefined(crypto.decrypt(key, { ...sealed, iv: flipped(sealed.iv, 0) }, utf8("for you")))
    assert.isUndefined(crypto.decrypt(key, { ...sealed, iv: sealed.iv.subarray(1) }, utf8("for you")))
    for (const at of [0, 5, 20]) {
      assert.isUndefined(crypto.decrypt(key, { ...sealed, box: flipped(sealed.box, at) }, utf8("for you")))
    }
    assert.isUndefined(crypto.decrypt(key, { ...sealed, box: sealed.box.subarray(0, 15) }, utf8("for you")))
  })

  it("never uses a nonce twice", () => {
    const nonces = Array.from({ length: 1_000 }, () => toHex(crypto.encrypt(key, utf8("a"), utf8("")).iv))
    assert.strictEqual(new Set(nonces).size, nonces.length)
  })
})

describe("signatures (RFC 8032, 7.1)", () => {
  const vectors = [
    {
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      data: "",
      signature: `e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
                  5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b`
    },
    {
      seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      data: "af82",
      signature: `6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
                  18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a`
    }
  ]

  for (const vector of vectors) {
    it.effect(`signs and verifies ${vector.data.length / 2} bytes`, () =>
      Effect.gen(function* () {
        const { key, publicKey } = crypto.signingKey(hex(vector.seed))
        assert.strictEqual(toHex(publicKey), vector.publicKey)
        const signature = yield* crypto.sign(key, hex(vector.data))
        assert.strictEqual(toHex(signature), toHex(hex(vector.signature)))
        const verifying = crypto.verifyingKey(hex(vector.publicKey))
        assert.isTrue(yield* crypto.verify(verifying, hex(vector.data), signature))
        assert.isFalse(yield* crypto.verify(verifying, utf8("other"), signature))
        assert.isFalse(yield* crypto.verify(verifying, hex(vector.data), flipped(signature, 63)))
        assert.isFalse(yield* crypto.verify(verifying, hex(vector.data), signature.subarray(1)))
      })
    )
  }
})

describe("agreement (RFC 7748, 6.1)", () => {
  const alice = crypto.agreementKey(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
  const bob = crypto.agreementKey(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
  const shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")

  it("derives the public keys", () => {
    assert.strictEqual(toHex(alice.publicKey), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert.strictEqual(toHex(bob.publicKey), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
  })

  it("gives both sides HKDF-SHA-256 (RFC 5869) of the shared secret, bound to its use", () => {
    const mac = (key: Uint8Array, data: Uint8Array) => hex(crypto.mac(crypto.macKey(key), data, "hex"))
    const expanded = mac(mac(new Uint8Array(32), shared), new Uint8Array([...utf8("commands"), 1]))
    const sealed = crypto.encrypt(crypto.cipherKey(expanded), utf8("hello"), utf8(""))
    const open = (key: CipherKey) => crypto.decrypt(key, sealed, utf8(""))
    assert.isDefined(open(crypto.agree(alice.key, bob.publicKey, "commands")))
    assert.isDefined(open(crypto.agree(bob.key, alice.publicKey, "commands")))
    assert.isUndefined(open(crypto.agree(alice.key, bob.publicKey, "reports")))
  })

  it("refuses a public key that would make the secret zero", () => {
    assert.throws(() => crypto.agree(alice.key, new Uint8Array(32), "commands"))
  })
})

describe("keys", () => {
  it("show nothing of themselves", () => {
    const seed = new Uint8Array(32).fill(0xab)
    for (const key of [
      crypto.macKey(seed),
      crypto.cipherKey(seed),
      crypto.signingKey(seed).key,
      crypto.agreementKey(seed).key
    ]) {
      assert.notMatch(`${inspect(key, { depth: 9, showHidden: true })} ${JSON.stringify(key)}`, /ab ?ab|171/)
    }
  })

  it("have exactly 32 bytes", () => {
    for (const make of [crypto.cipherKey, crypto.signingKey, crypto.verifyingKey, crypto.agreementKey]) {
      assert.throws(() => make(new Uint8Array(31)), RangeError)
      assert.throws(() => make(new Uint8Array(33)), RangeError)
    }
  })
})
